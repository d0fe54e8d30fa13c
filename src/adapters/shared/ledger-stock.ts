/** What ledgers that serve as stock have in common: how a batch is decided, that they are always
 * loaded, that nothing in them is pending, and that nothing moves between buckets. */
import {
  type BuyerId,
  type Epoch,
  epoch,
  type Instant,
  orderIdOf,
  type SaleId,
  type Units,
  units,
} from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import {
  buyerRecord,
  decideReserve,
  type KnownOrder,
  type Reservation,
  type ReserveOutcome,
  type ReserveRequest,
  settingsOf,
} from "../../domain/reservation.ts";
import type { Sale } from "../../domain/sale.ts";
import { ok } from "../../lib/result.ts";
import type { StockStore, StockUnavailable } from "../../ports/stock-store.ts";

export interface LedgerLevel {
  readonly epoch: Epoch;
  readonly remaining: Units;
  /** Grows with every change of the ledger. */
  readonly changes: number;
}

/** `levelOf` is null before the sale's first epoch, and while it is not sold from the ledger:
 * whoever asks the ledger then has not heard of it yet. */
export function nothingPending(
  levelOf: (saleId: SaleId) => Promise<LedgerLevel | null>,
): Omit<StockStore, "reserve"> {
  const level: StockStore["level"] = async (saleId) => {
    const now = await levelOf(saleId);
    if (now === null) return null;
    const { epoch: at, remaining } = now;
    const none = units(0);
    const rest = { pendingUnits: none, pendingOrders: 0, inTransfer: none, released: none };
    return { epoch: at, remaining, ...rest };
  };

  const buckets: StockStore["buckets"] = async (saleId) => {
    const now = await levelOf(saleId);
    return now === null ? null : [{ ...now, outgoing: [], received: new Map() }];
  };

  return {
    ...{ level, buckets },
    seal: async () => ok(undefined),
    load: async () => ok(undefined),
    configure: async () => undefined,
    settle: async () => undefined,
    release: async () => undefined,
    restock: async () => undefined,
    overdue: async () => [],
    pending: async () => [],
    send: async () => null,
    receive: async () => undefined,
  };
}

/** What is known before a batch is decided, under the ledger's lock. */
export interface OpenLedger {
  readonly sale: Sale;
  readonly total: number;
  readonly sold: number;
  readonly version: number;
  readonly epoch: number;
  readonly now: Instant;
  /** The live orders of a buyer. */
  held(buyerId: BuyerId): readonly KnownOrder[];
}

export interface LedgerSale {
  readonly outcomes: readonly ReserveOutcome[];
  /** To be written as placed. */
  readonly orders: readonly Reservation[];
  /** Units sold after them. */
  readonly sold: number;
}

/** Decides requests in order, as every stock does. */
export function sellFrom(ledger: OpenLedger, requests: readonly ReserveRequest[]): LedgerSale {
  const { sale, total, now } = ledger;
  const settings = settingsOf(sale);
  const made = new Map<BuyerId, KnownOrder[]>();
  const orders: Reservation[] = [];
  let { sold } = ledger;

  function decide(request: ReserveRequest): ReserveOutcome {
    const { buyerId, quantity } = request;
    const own = made.get(buyerId) ?? [];
    const buyer = buyerRecord([...ledger.held(buyerId), ...own]);
    const counts = { remaining: units(total - sold), pending: 0 };
    const verdict = decideReserve(settings, counts, buyer, request, now);
    if (verdict.kind === "same") {
      return { kind: "same", orderId: verdict.order.orderId, pending: false };
    }
    if (verdict.kind !== "take") return verdict;
    const order = reservation(ledger, request, orders.length);
    sold += quantity;
    orders.push(order);
    made.set(buyerId, [...own, order]);
    return { kind: "reserved", order, placed: true };
  }

  return { outcomes: requests.map(decide), orders, sold };
}

/** Each batch that sells raises the ledger's version, and has fewer orders than their sequence
 * numbers leave room for. */
function reservation(
  { sale, version, epoch: at, now: reservedAt }: OpenLedger,
  request: ReserveRequest,
  place: number,
): Reservation {
  const sequence = (version * limits.reserveBatchMax + place) % 2 ** 24;
  const [saleId, under] = [sale.id, epoch(at)];
  const orderId = orderIdOf({ reservedAt, saleId, bucket: 0, epoch: under, sequence });
  const { buyerId, requestKey, fingerprint, quantity } = request;
  const asked = { buyerId, requestKey, fingerprint, quantity };
  return { ...asked, orderId, saleId, epoch: under, reservedAt };
}

export function notOpen(saleId: SaleId): StockUnavailable {
  return unavailable(`the ledger of ${saleId} is not open yet`);
}

export function notSelling(saleId: SaleId): StockUnavailable {
  return unavailable(`${saleId} is not sold from the ledger just now`);
}

export function unavailable(detail: string): StockUnavailable {
  return { code: "stock-unavailable", detail };
}
