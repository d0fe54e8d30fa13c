/** The decision at the heart: may this request take units of this stock? Pure, one request at a
 * time, in the order of checks that every stock store follows: request key → state and window →
 * buyer limit → pendingMax → stock. A rejection leaves no trace, so the same key may succeed
 * after a restock. */
import {
  type BuyerId,
  type Epoch,
  type Instant,
  type OrderId,
  type RequestKey,
  type SaleId,
  type Units,
  units,
} from "./ids.ts";
import { limits } from "./limits.ts";
import { type Sale, type SaleState, stateAt } from "./sale.ts";

export interface ReserveRequest {
  readonly buyerId: BuyerId;
  readonly requestKey: RequestKey;
  /** What the body asked for; the same key with another fingerprint is a client's mistake. */
  readonly fingerprint: string;
  readonly quantity: Units;
}

/** Units taken out of stock for one accepted request. */
export interface Reservation extends ReserveRequest {
  readonly orderId: OrderId;
  readonly saleId: SaleId;
  readonly epoch: Epoch;
  readonly reservedAt: Instant;
}

/** The settings of a sale that a stock store needs to decide by itself. */
export interface StockSettings {
  readonly state: SaleState;
  readonly startsAt: Instant | null;
  readonly endsAt: Instant | null;
  readonly perBuyerLimit: Units;
  readonly pendingMax: number;
  /** How many parts the stock is split into, each atomic by itself. */
  readonly buckets: number;
  /** The sale's version; an older one never overwrites a newer. */
  readonly version: number;
}

/** A live order as the ledger has it: what a buyer holds and which request key it answers. */
export interface HeldOrder extends KnownOrder {
  readonly buyerId: BuyerId;
}

export interface StockCounts {
  readonly remaining: Units;
  /** Reservations not yet known to be in the ledger. */
  readonly pending: number;
}

/** What one buyer holds of one sale. */
export interface BuyerRecord {
  readonly units: Units;
  readonly orders: readonly KnownOrder[];
}

export interface KnownOrder {
  readonly requestKey: RequestKey;
  readonly fingerprint: string;
  readonly orderId: OrderId;
  readonly quantity: Units;
}

export type ReserveRefusal =
  | "key-reused"
  | "sale-not-open"
  | "sale-paused"
  | "sale-ended"
  | "buyer-limit-reached"
  | "pending-full"
  | "sold-out";

export type ReserveVerdict =
  | { readonly kind: "take" }
  | { readonly kind: "same"; readonly order: KnownOrder }
  | { readonly kind: ReserveRefusal };

/** What a stock store answers for one request. */
export type ReserveOutcome =
  /** `placed`: the ledger has it already, so the log need not. */
  | { readonly kind: "reserved"; readonly order: Reservation; readonly placed?: true }
  /** The key is known: its order, and whether the ledger is not yet known to have it. */
  | { readonly kind: "same"; readonly orderId: OrderId; readonly pending: boolean }
  | { readonly kind: ReserveRefusal };

export function decideReserve(
  settings: StockSettings,
  counts: StockCounts,
  buyer: BuyerRecord,
  request: ReserveRequest,
  now: Instant,
): ReserveVerdict {
  const known = buyer.orders.find((order) => order.requestKey === request.requestKey);
  if (known !== undefined) {
    if (known.fingerprint !== request.fingerprint) return { kind: "key-reused" };
    return { kind: "same", order: known };
  }
  const closed = closedKind(settings, now);
  if (closed !== null) return { kind: closed };
  if (buyer.units + request.quantity > settings.perBuyerLimit) {
    return { kind: "buyer-limit-reached" };
  }
  if (counts.pending >= settings.pendingMax) return { kind: "pending-full" };
  if (request.quantity > counts.remaining) return { kind: "sold-out" };
  return { kind: "take" };
}

export function settingsOf(sale: Sale): StockSettings {
  const { state, startsAt, endsAt, perBuyerLimit, buckets, version } = sale;
  const { pendingMax } = limits;
  return { state, startsAt, endsAt, perBuyerLimit, buckets, version, pendingMax };
}

/** The record of a buyer over all orders that count against the limit. */
export function buyerRecord(orders: readonly KnownOrder[]): BuyerRecord {
  return { orders, units: units(orders.reduce((sum, order) => sum + order.quantity, 0)) };
}

function closedKind(settings: StockSettings, now: Instant): ReserveRefusal | null {
  switch (stateAt(settings, now)) {
    case "open":
      return null;
    case "scheduled":
      return "sale-not-open";
    case "paused":
      return "sale-paused";
    case "closed":
      return "sale-ended";
  }
}
