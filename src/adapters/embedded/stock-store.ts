/** The stock in memory over the ledger: reserving writes nothing. What makes an order durable is
 * the log; a process that starts loads the stock anew from the ledger, under a higher epoch,
 * after the log was replayed. */
import {
  type BuyerId,
  type Epoch,
  type Instant,
  instant,
  type LockToken,
  type OrderId,
  orderIdOf,
  type SaleId,
  type Units,
  units,
} from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import {
  type BuyerRecord,
  buyerRecord,
  decideReserve,
  type KnownOrder,
  type Reservation,
  type ReserveOutcome,
  type ReserveRequest,
  type StockSettings,
} from "../../domain/reservation.ts";
import { err, ok } from "../../lib/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { PendingQuery, StaleToken, StockStore } from "../../ports/stock-store.ts";
import type { OrderIndex } from "./order-index.ts";

interface PendingOrder {
  readonly order: Reservation;
  readonly sweeps: number;
  readonly dueAt: Instant;
}

/** Everything known of one loaded sale. */
interface SaleStock {
  readonly epoch: Epoch;
  /** Grows with every change of `remaining`. */
  changes: number;
  settings: StockSettings;
  remaining: number;
  pendingUnits: number;
  released: number;
  sequence: number;
  readonly loadedVersion: number;
  readonly restocks: Set<number>;
  /** By order id; swept ones move to the end. */
  readonly pending: Map<OrderId, PendingOrder>;
  readonly pendingOf: Map<BuyerId, Reservation[]>;
}

export interface EmbeddedStockDeps {
  readonly index: Pick<OrderIndex, "ofBuyer">;
  readonly clock: Pick<Clock, "now">;
  /** Why the data directory cannot be written just now, or null. */
  readonly failure: () => string | null;
}

export function embeddedStockStore(deps: EmbeddedStockDeps): StockStore {
  const sales = new Map<SaleId, SaleStock>();
  const sealed = new Map<SaleId, Sealed>();
  const early: EarlyRestocks = new Map();
  const fences = lockFences();

  const seal: StockStore["seal"] = async (saleId, _buckets, epoch, token) => {
    if ((sealed.get(saleId)?.epoch ?? -1) > epoch) return err("stale-epoch");
    if ((sales.get(saleId)?.epoch ?? -1) >= epoch) return err("stale-epoch");
    if (!fences.pass(saleId, token)) return err("stale-token");
    sealed.set(saleId, { epoch, settings: sealed.get(saleId)?.settings ?? null });
    return ok(undefined);
  };

  const load: StockStore["load"] = async (saleId, epoch, settings, snapshot) => {
    const seal = sealed.get(saleId);
    if (seal?.epoch !== epoch) return err("stale-epoch");
    sealed.delete(saleId);
    const { total, sold, ledgerVersion } = snapshot;
    const newest = newer(settings, seal.settings);
    sales.set(saleId, freshStock(epoch, newest, total - sold, ledgerVersion));
    const missed = early.get(saleId) ?? [];
    early.delete(saleId);
    for (const { added, ledgerVersion } of missed) {
      await feedback.restock(saleId, added, ledgerVersion);
    }
    return ok(undefined);
  };

  const configure: StockStore["configure"] = async (saleId, settings) => {
    const [sale, seal] = [sales.get(saleId), sealed.get(saleId)];
    if (seal !== undefined)
      sealed.set(saleId, { ...seal, settings: newer(settings, seal.settings) });
    if (sale !== undefined) sale.settings = newer(sale.settings, settings);
  };

  const reserve: StockStore["reserve"] = async (saleId, _bucket, requests, token) => {
    const sale = sales.get(saleId);
    if (sale === undefined || sealed.has(saleId))
      return err(unavailable(`the stock of ${saleId} is not loaded`));
    const failure = deps.failure();
    if (failure !== null) return err(unavailable(failure));
    if (!fences.pass(saleId, token)) return err(staleToken(saleId));
    const now = deps.clock.now();
    const outcomes = requests.map((request) => reserveOne(deps.index, saleId, sale, request, now));
    return ok({ outcomes, version: sale.settings.version });
  };

  const overdue: StockStore["overdue"] = async (saleIds, before, max) =>
    saleIds.flatMap((saleId) => {
      const sale = sales.get(saleId);
      return sale === undefined ? [] : takeOverdue(sale, before, max, deps.clock.now());
    });

  const counts = stockCounts(sales, sealed);
  const feedback = ledgerFeedback(sales, early);
  const oneBucket = onlyBucket(sales);
  return {
    seal,
    load,
    configure,
    reserve,
    overdue,
    ...counts,
    ...feedback,
    ...oneBucket,
  };
}

/** A sale that is to be loaded, and settings that came meanwhile. */
interface Sealed {
  readonly epoch: Epoch;
  readonly settings: StockSettings | null;
}

/** What is fixed once a sale is loaded stays as the first has it. */
function newer(settings: StockSettings, other: StockSettings | null): StockSettings {
  if (other === null || settings.version >= other.version) return settings;
  const { buckets, perBuyerLimit } = settings;
  return { ...other, buckets, perBuyerLimit };
}

/** The highest token of each sale's lock. They need not outlive the process, which holds every
 * lock itself. */
function lockFences() {
  const highest = new Map<SaleId, LockToken>();
  return {
    pass(saleId: SaleId, token: LockToken | undefined): boolean {
      if (token === undefined) return true;
      if (token < (highest.get(saleId) ?? 0)) return false;
      highest.set(saleId, token);
      return true;
    },
  };
}

function staleToken(saleId: SaleId): StaleToken {
  return { code: "stale-token", detail: `the lock of ${saleId} has passed on` };
}

function stockCounts(
  sales: ReadonlyMap<SaleId, SaleStock>,
  sealed: ReadonlyMap<SaleId, Sealed>,
): Pick<StockStore, "pending" | "level"> {
  const pending: StockStore["pending"] = async (saleId, query) => {
    const sale = sales.get(saleId);
    return sale === undefined ? [] : findPending(sale, query);
  };

  const level: StockStore["level"] = async (saleId) => {
    const sale = sealed.has(saleId) ? undefined : sales.get(saleId);
    if (sale === undefined) return null;
    return {
      epoch: sale.epoch,
      remaining: units(sale.remaining),
      pendingUnits: units(sale.pendingUnits),
      pendingOrders: sale.pending.size,
      inTransfer: units(0),
      released: units(sale.released),
    };
  };

  return { pending, level };
}

/** In one process a sale's stock is one bucket, whatever its settings say; nothing moves. */
function onlyBucket(
  sales: ReadonlyMap<SaleId, SaleStock>,
): Pick<StockStore, "buckets" | "send" | "receive"> {
  const buckets: StockStore["buckets"] = async (saleId) => {
    const sale = sales.get(saleId);
    if (sale === undefined) return null;
    const { epoch, changes } = sale;
    const remaining = units(sale.remaining);
    return [{ remaining, outgoing: [], received: new Map(), changes, epoch }];
  };
  return { buckets, send: async () => null, receive: async () => undefined };
}

/** Restocks of sales that are not loaded: a load may have read the ledger before them. */
type EarlyRestocks = Map<SaleId, { readonly added: Units; readonly ledgerVersion: number }[]>;

/** What the ledger decided, brought back to the stock. */
function ledgerFeedback(
  sales: ReadonlyMap<SaleId, SaleStock>,
  early: EarlyRestocks,
): Pick<StockStore, "settle" | "release" | "restock"> {
  const settle: StockStore["settle"] = async (orders) => {
    for (const order of orders) dropPending(sales.get(order.saleId), order.orderId);
  };

  const release: StockStore["release"] = async (orders, credit) => {
    for (const { saleId, orderId } of orders) {
      const sale = sales.get(saleId);
      const dropped = dropPending(sale, orderId);
      if (sale === undefined || dropped === null || !credit) continue;
      sale.remaining += dropped.quantity;
      sale.changes += 1;
      sale.released += dropped.quantity;
    }
  };

  const restock: StockStore["restock"] = async (saleId, added, ledgerVersion) => {
    const sale = sales.get(saleId);
    if (sale === undefined) {
      early.set(saleId, [...(early.get(saleId) ?? []), { added, ledgerVersion }]);
      return;
    }
    if (ledgerVersion <= sale.loadedVersion) return;
    if (sale.restocks.has(ledgerVersion)) return;
    sale.restocks.add(ledgerVersion);
    sale.remaining += added;
    sale.changes += 1;
  };

  return { settle, release, restock };
}

function freshStock(
  epoch: Epoch,
  settings: StockSettings,
  remaining: number,
  loadedVersion: number,
): SaleStock {
  return {
    epoch,
    changes: 0,
    settings,
    remaining,
    pendingUnits: 0,
    released: 0,
    sequence: 0,
    loadedVersion,
    restocks: new Set(),
    pending: new Map(),
    pendingOf: new Map(),
  };
}

function reserveOne(
  index: Pick<OrderIndex, "ofBuyer">,
  saleId: SaleId,
  sale: SaleStock,
  request: ReserveRequest,
  now: Instant,
): ReserveOutcome {
  const buyer = recordOf(index, saleId, sale, request.buyerId);
  const counts = { remaining: units(sale.remaining), pending: sale.pending.size };
  const verdict = decideReserve(sale.settings, counts, buyer, request, now);
  switch (verdict.kind) {
    case "take":
      return { kind: "reserved", order: take(saleId, sale, request, now) };
    case "same": {
      const { orderId } = verdict.order;
      return { kind: "same", orderId, pending: sale.pending.has(orderId) };
    }
    default:
      return verdict;
  }
}

/** What a buyer holds: what the ledger has, and what is on its way there. An order may be in
 * both. */
function recordOf(
  index: Pick<OrderIndex, "ofBuyer">,
  saleId: SaleId,
  sale: SaleStock,
  buyerId: BuyerId,
): BuyerRecord {
  const placed = index.ofBuyer(saleId, buyerId);
  const pending = sale.pendingOf.get(buyerId);
  if (pending === undefined) return buyerRecord(placed);
  const known = new Map<OrderId, KnownOrder>();
  for (const order of placed) known.set(order.orderId, order);
  for (const order of pending) known.set(order.orderId, order);
  return buyerRecord([...known.values()]);
}

function take(saleId: SaleId, sale: SaleStock, request: ReserveRequest, now: Instant): Reservation {
  const { epoch, sequence } = sale;
  const { buyerId, requestKey, fingerprint, quantity } = request;
  const orderId = orderIdOf({ reservedAt: now, saleId, bucket: 0, epoch, sequence });
  const order: Reservation = {
    orderId,
    saleId,
    epoch,
    buyerId,
    requestKey,
    fingerprint,
    quantity,
    reservedAt: now,
  };
  sale.sequence += 1;
  sale.remaining -= quantity;
  sale.changes += 1;
  sale.pendingUnits += quantity;
  sale.pending.set(orderId, { order, sweeps: 0, dueAt: now });
  const others = sale.pendingOf.get(buyerId);
  sale.pendingOf.set(buyerId, others === undefined ? [order] : [...others, order]);
  return order;
}

function dropPending(sale: SaleStock | undefined, orderId: OrderId): Reservation | null {
  const entry = sale?.pending.get(orderId);
  if (sale === undefined || entry === undefined) return null;
  const { order } = entry;
  sale.pending.delete(orderId);
  sale.pendingUnits -= order.quantity;
  const all = sale.pendingOf.get(order.buyerId) ?? [];
  if (all.length <= 1) sale.pendingOf.delete(order.buyerId);
  else
    sale.pendingOf.set(
      order.buyerId,
      all.filter((other) => other !== order),
    );
  return order;
}

/** Entries that were never swept stand in the order of their due times, so the first that is not
 * due ends the search. */
function takeOverdue(sale: SaleStock, before: Instant, max: number, now: Instant): Reservation[] {
  const due: PendingOrder[] = [];
  for (const entry of sale.pending.values()) {
    if (due.length >= max) break;
    if (entry.dueAt < before) due.push(entry);
    else if (entry.sweeps === 0) break;
  }
  for (const { order, sweeps } of due) {
    const backoffMs = Math.min(limits.sweepBackoffMs * 2 ** sweeps, limits.sweepBackoffMaxMs);
    sale.pending.delete(order.orderId);
    sale.pending.set(order.orderId, { order, sweeps: sweeps + 1, dueAt: instant(now + backoffMs) });
  }
  return due.map((entry) => entry.order);
}

function findPending(sale: SaleStock, query: PendingQuery): readonly Reservation[] {
  if (query.buyerId !== undefined) return sale.pendingOf.get(query.buyerId) ?? [];
  if (query.orderIds === undefined) return [...sale.pending.values()].map((entry) => entry.order);
  return query.orderIds.flatMap((id) => sale.pending.get(id)?.order ?? []);
}

function unavailable(detail: string) {
  return { code: "stock-unavailable", detail } as const;
}
