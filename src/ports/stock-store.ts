/** Where stock is taken from. Fast and atomic, but not the last word: it can be loaded anew from
 * the ledger at any time, under a higher epoch. A sale's stock is split into buckets, each atomic
 * by itself; a buyer always asks the same one. */
import type { BuyerId, Epoch, Instant, LockToken, OrderId, SaleId, Units } from "../domain/ids.ts";
import type {
  HeldOrder,
  Reservation,
  ReserveOutcome,
  ReserveRequest,
  StockSettings,
} from "../domain/reservation.ts";
import type { Result } from "../lib/result.ts";

/** What the ledger knew when the load began. */
export interface StockSnapshot {
  readonly total: Units;
  readonly sold: Units;
  /** Restocks and releases up to this version are already in `total` and `sold`. */
  readonly ledgerVersion: number;
}

export interface StockLevel {
  readonly epoch: Epoch;
  readonly remaining: Units;
  readonly pendingUnits: Units;
  readonly pendingOrders: number;
  /** Units that have left one bucket and not arrived in another. */
  readonly inTransfer: Units;
  readonly released: Units;
}

/** One bucket as it was at one moment. */
export interface BucketLevel {
  readonly remaining: Units;
  /** Units on their way out of this bucket. */
  readonly outgoing: readonly Transfer[];
  /** Number of the last transfer received from each bucket that ever sent one. */
  readonly received: ReadonlyMap<number, number>;
  /** Grows with every change of `remaining`, `outgoing` or `received`; starts anew with a load. */
  readonly changes: number;
  readonly epoch: Epoch;
}

/** Units on their way from one bucket to another. Numbers grow per pair of buckets, and a pair has
 * at most one transfer under way, so the last number received says which ones have arrived. */
export interface Transfer {
  readonly epoch: Epoch;
  readonly from: number;
  readonly to: number;
  readonly number: number;
  readonly units: Units;
}

/** The stock is not there to be asked: never loaded, lost, or its medium fails. Nothing was
 * taken. */
export interface StockUnavailable {
  readonly code: "stock-unavailable";
  readonly detail: string;
}

/** The stock has seen a holder of the lock that came later. Nothing was taken. */
export interface StaleToken {
  readonly code: "stale-token";
  readonly detail: string;
}

export interface Reserved {
  /** One per request, in the order of the requests. */
  readonly outcomes: readonly ReserveOutcome[];
  /** Version of the sale's settings that were applied. */
  readonly version: number;
}

export interface PendingQuery {
  readonly orderIds?: readonly OrderId[];
  readonly buyerId?: BuyerId;
}

/** Loads a sale's stock. */
export interface StockLoader {
  /** From now on no bucket of the sale reserves anything until a load under this epoch or a higher
   * one is complete. Refused if a bucket is above the epoch, or has seen a higher token of the
   * lock under which the sale is sold. Throws while a bucket cannot be reached. Idempotent. */
  seal(
    saleId: SaleId,
    buckets: number,
    epoch: Epoch,
    token?: LockToken,
  ): Promise<Result<void, "stale-epoch" | "stale-token">>;

  /** Replaces a sale's stock: remaining = total − sold, spread over the buckets; buyers hold what
   * `held` says, nothing is pending. Sells again when all of it is there. Refused (`stale-epoch`)
   * unless every bucket is sealed under this very epoch, and has been since, so a loader that was
   * overtaken does no harm. A store that sees the ledger itself need not read `held`. */
  load(
    saleId: SaleId,
    epoch: Epoch,
    settings: StockSettings,
    snapshot: StockSnapshot,
    held: AsyncIterable<readonly HeldOrder[]>,
  ): Promise<Result<void, "stale-epoch">>;
}

export interface StockStore extends StockLoader, StockBuckets {
  /** Changes the settings of a sale that is loaded, or sealed to be; an older or equal version, or
   * an unknown sale, is a no-op. `buckets` and `perBuyerLimit` stay as they were loaded. */
  configure(saleId: SaleId, settings: StockSettings): Promise<void>;

  /** Decides requests in order, one outcome each; all or nothing is taken per request. A request
   * key that was reserved before is answered `same`, whatever the sale's state is now. `sold-out`
   * speaks of this bucket only. A bucket remembers the highest token and refuses a lower one. A
   * batch of no requests takes nothing, and shows how long an answer takes. An error means that
   * nothing was taken; a throw means that the outcome is unknown. */
  reserve(
    saleId: SaleId,
    bucket: number,
    requests: readonly ReserveRequest[],
    token?: LockToken,
  ): Promise<Result<Reserved, StockUnavailable | StaleToken>>;

  /** Drops the pending marks of orders that the ledger has. Idempotent. */
  settle(orders: readonly Reservation[]): Promise<void>;

  /** Gives back the units of orders that the ledger refused, exactly once per order; `credit:
   * false` drops the mark without a unit, because the ledger never had it. Idempotent. */
  release(orders: readonly Reservation[], credit: boolean): Promise<void>;

  /** Adds units that the ledger gained at `ledgerVersion`; a version already counted is a no-op. */
  restock(saleId: SaleId, added: Units, ledgerVersion: number): Promise<void>;

  /** Takes up to `max` pending reservations of each sale whose due time is before `before`, oldest
   * first, and doubles the due time of each, so that the next sweep leaves them alone for a
   * while. */
  overdue(
    saleIds: readonly SaleId[],
    before: Instant,
    max: number,
  ): Promise<readonly Reservation[]>;

  /** The pending reservations among these orders, or of this buyer, or all. */
  pending(saleId: SaleId, query: PendingQuery): Promise<readonly Reservation[]>;

  /** The counts of a loaded sale, or null if some of it is not loaded. */
  level(saleId: SaleId): Promise<StockLevel | null>;
}

/** Moves units between the buckets of a sale. */
export interface StockBuckets {
  /** Every bucket of a loaded sale, each at a moment of its own; null if some are not loaded. */
  buckets(saleId: SaleId): Promise<readonly BucketLevel[] | null>;

  /** First step of a transfer: takes up to `wanted` units out of `from` and notes them as on their
   * way to `to`. Null if there are none, or a transfer of this pair is under way. */
  send(saleId: SaleId, from: number, to: number, wanted: Units): Promise<Transfer | null>;

  /** Second and third step: adds the units to `to`, once per transfer, then forgets the note in
   * `from`. Anybody may finish any transfer, at any time, any number of times. */
  receive(saleId: SaleId, transfer: Transfer): Promise<void>;
}
