/** The sales, the ledger and the orders in memory, each call one transaction; decisions are the
 *  domain's own. */
import {
  nothingPending,
  notOpen,
  notSelling,
  sellFrom,
} from "../../../src/adapters/shared/ledger-stock.ts";
import { type BuyerId, epoch, type Instant, type SaleId, units } from "../../../src/domain/ids.ts";
import { limits } from "../../../src/domain/limits.ts";
import { decidePlacement, type Order, type RefusalReason } from "../../../src/domain/order.ts";
import type { KnownOrder, Reservation } from "../../../src/domain/reservation.ts";
import { present } from "../../../src/lib/assert.ts";
import { err, ok } from "../../../src/lib/result.ts";
import type {
  Fenced,
  OrderRepository,
  PlacementResult,
} from "../../../src/ports/order-repository.ts";
import type { SaleRepository } from "../../../src/ports/sale-repository.ts";
import type { StockStore } from "../../../src/ports/stock-store.ts";
import { auditOf, heldIn, listIn } from "./ledger-reads.ts";
import { type Ask, type LedgerEntry, type LedgerTables, saleOf } from "./ledger-tables.ts";
import { saleRows } from "./sale-rows.ts";

export interface LedgerPorts {
  readonly sales: SaleRepository;
  readonly orders: OrderRepository;
  readonly ledgerStock: StockStore;
}

/** `now` is the database's clock. */
export function ledgerPorts(tables: LedgerTables, ask: Ask, now: () => Instant): LedgerPorts {
  const at = (saleId: SaleId) => {
    tables.changed.add(saleId);
    return present(tables.entries.get(saleId), `${saleId} has no ledger`);
  };
  const sales = saleRows(tables, ask, now);

  const orders: OrderRepository = {
    place: (asked, placedAt) => ask(() => asked.map((order) => placeOne(tables, order, placedAt))),
    refuse: (order, reason, placedAt) => ask(() => placeOne(tables, order, placedAt, reason)),
    byId: (ids) => ask(() => ids.flatMap((id) => tables.orders.get(id) ?? [])),
    list: (query) => ask(() => listIn(tables, query)),
    restock: (saleId, added, key) => ask(() => restock(at(saleId), added, key, now())),
    audit: (saleId, ids) => ask(() => auditOf(tables, saleId, ids)),
    ...epochs(tables, ask, at, now),
  };

  const levelOf = (saleId: SaleId) =>
    ask(() => {
      const entry = tables.entries.get(saleId);
      if (entry === undefined || entry.epoch === 0) return null;
      if (saleOf(entry).mode !== "ledger") return null;
      const remaining = units(entry.total - entry.sold);
      return { epoch: epoch(entry.epoch), remaining, changes: entry.version };
    });

  const reserve: StockStore["reserve"] = (saleId, _bucket, requests) =>
    ask(() => {
      const entry = tables.entries.get(saleId);
      if (entry === undefined || entry.epoch === 0) return err(notOpen(saleId));
      const sale = saleOf(entry);
      if (sale.mode !== "ledger") return err(notSelling(saleId));
      const held = (buyerId: BuyerId) => knownOf(tables, saleId, buyerId);
      const time = now();
      const sold = sellFrom({ ...entry, sale, now: time, held }, requests);
      for (const order of sold.orders) write(tables, order, "placed", null, time);
      if (sold.orders.length > 0) entry.version += 1;
      entry.sold = sold.sold;
      return ok({ outcomes: sold.outcomes, version: sale.version });
    });

  return { sales, orders, ledgerStock: { reserve, ...nothingPending(levelOf) } };
}

function placeOne(
  tables: LedgerTables,
  order: Reservation,
  placedAt: Instant,
  refusing: RefusalReason | null = null,
): PlacementResult {
  const { orderId, saleId, buyerId } = order;
  const before = tables.orders.get(orderId);
  if (before !== undefined) {
    const status = before.status === "refused" ? "refused" : "placed";
    return { orderId, kind: "duplicate", status, reason: before.reason };
  }
  const entry = tables.entries.get(saleId);
  const reason = refusing ?? (entry === undefined ? "poison" : refusalOf(tables, entry, order));
  if (entry !== undefined && reason === null) {
    entry.sold += order.quantity;
    entry.version += 1;
  }
  const status = reason === null ? "placed" : "refused";
  write(tables, { ...order, buyerId }, status, reason, placedAt);
  return { orderId, kind: status, status, reason };
}

function refusalOf(
  tables: LedgerTables,
  entry: LedgerEntry,
  order: Reservation,
): RefusalReason | null {
  const held = knownOf(tables, order.saleId, order.buyerId);
  const placement = decidePlacement(order, {
    total: units(entry.total),
    sold: units(entry.sold),
    minEpoch: epoch(entry.minEpoch),
    perBuyerLimit: entry.sale.perBuyerLimit,
    buyerUnits: units(held.reduce((sum, one) => sum + one.quantity, 0)),
    keyTaken: held.some((one) => one.requestKey === order.requestKey),
  });
  return placement.status === "refused" ? placement.reason : null;
}

function write(
  tables: LedgerTables,
  order: Reservation,
  status: Order["status"],
  reason: RefusalReason | null,
  placedAt: Instant,
): void {
  const { saleId, buyerId } = order;
  tables.orders.set(order.orderId, { ...order, status, reason, placedAt });
  tables.changed.add(saleId);
  if (status !== "placed") return;
  const name = `${saleId} ${buyerId}`;
  tables.ofBuyer.set(name, [...(tables.ofBuyer.get(name) ?? []), order]);
}

function knownOf(tables: LedgerTables, saleId: SaleId, buyerId: BuyerId): readonly KnownOrder[] {
  return tables.ofBuyer.get(`${saleId} ${buyerId}`) ?? [];
}

function restock(
  entry: LedgerEntry,
  added: number,
  key: string,
  time: Instant,
): ReturnType<OrderRepository["restock"]> extends Promise<infer Answer> ? Answer : never {
  const known = entry.restocks.get(key);
  if (known !== undefined && known.added !== added) return err("key-reused");
  if (known !== undefined) {
    return ok({ version: known.version, total: units(entry.total), repeated: true });
  }
  if (entry.total + added > limits.stockMax) return err("over-limit");
  entry.total += added;
  entry.version += 1;
  entry.updatedAt = time;
  entry.restocks.set(key, { added, version: entry.version });
  return ok({ version: entry.version, total: units(entry.total), repeated: false });
}

function epochs(
  tables: LedgerTables,
  ask: Ask,
  at: (saleId: SaleId) => LedgerEntry,
  now: () => Instant,
): Pick<OrderRepository, "firstEpoch" | "nextEpoch" | "fence" | "switchTo" | "ledger" | "held"> {
  return {
    firstEpoch: (saleId) =>
      ask(() => {
        const entry = at(saleId);
        if (entry.epoch > 0) return null;
        entry.epoch = 1;
        entry.minEpoch = 1;
        return fencedAt(entry, 1);
      }),
    nextEpoch: (saleId, token) =>
      ask(() => {
        const entry = at(saleId);
        if (token !== undefined && token < entry.token) return err("stale-token");
        entry.token = token ?? entry.token;
        entry.epoch += 1;
        return ok(epoch(entry.epoch));
      }),
    fence: (saleId, to) =>
      ask(() => {
        const entry = at(saleId);
        if (entry.minEpoch > to) return err("stale-epoch");
        entry.minEpoch = to;
        entry.epoch = Math.max(entry.epoch, to);
        return ok(fencedAt(entry, to));
      }),
    switchTo: (saleId, under, mode) =>
      ask(() => {
        const entry = at(saleId);
        if (entry.epoch !== under) return err("stale-epoch");
        const before = entry.mode;
        entry.mode = mode;
        entry.updatedAt = now();
        return ok(before);
      }),
    ledger: (saleId) =>
      ask(() => {
        const entry = tables.entries.get(saleId);
        if (entry === undefined) return null;
        const { total, sold, version } = entry;
        const under = { epoch: epoch(entry.epoch), minEpoch: epoch(entry.minEpoch) };
        return { total: units(total), sold: units(sold), version, ...under };
      }),
    held: (saleId, below) => heldIn(tables, ask, saleId, below),
  };
}

function fencedAt({ total, sold, version }: LedgerEntry, under: number): Fenced {
  const snapshot = { total: units(total), sold: units(sold), ledgerVersion: version };
  return { epoch: epoch(under), snapshot };
}

/** For databases that nobody has to wait for. */
export const atOnce: Ask = async (work) => work();
