/** Where stock is taken from. Fast and atomic, but not the last word: it can be loaded anew from
 * the ledger at any time, under a higher epoch. */
import type { BuyerId, Epoch, Instant, OrderId, SaleId, Units } from "../domain/ids.ts";
import type {
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
  readonly inTransfer: Units;
  readonly released: Units;
}

/** The stock is not there to be asked: never loaded, lost, or its medium fails. Nothing was
 * taken. */
export interface StockUnavailable {
  readonly code: "stock-unavailable";
  readonly detail: string;
}

export interface PendingQuery {
  readonly orderIds?: readonly OrderId[];
  readonly buyerId?: BuyerId;
}

export interface StockStore {
  /** Replaces a sale's stock: remaining = total − sold, nothing pending. Refused (`stale-epoch`)
   * unless the epoch is above the stored one, so a loader that was overtaken does no harm. */
  load(
    saleId: SaleId,
    epoch: Epoch,
    settings: StockSettings,
    snapshot: StockSnapshot,
  ): Promise<Result<void, "stale-epoch">>;

  /** Changes the settings of a loaded sale; an older or equal version, or an unknown sale, is a
   * no-op. */
  configure(saleId: SaleId, settings: StockSettings): Promise<void>;

  /** Decides requests in order, one outcome each; all or nothing is taken per request. A request
   * key that was reserved before is answered `same`, whatever the sale's state is now. An error
   * means that nothing was taken; a throw means that the outcome is unknown. */
  reserve(
    saleId: SaleId,
    bucket: number,
    requests: readonly ReserveRequest[],
  ): Promise<Result<readonly ReserveOutcome[], StockUnavailable>>;

  /** Drops the pending marks of orders that the ledger has. Idempotent. */
  settle(orders: readonly Reservation[]): Promise<void>;

  /** Gives back the units of orders that the ledger refused, exactly once per order; `credit:
   * false` drops the mark without a unit, because the ledger never had it. Idempotent. */
  release(orders: readonly Reservation[], credit: boolean): Promise<void>;

  /** Adds units that the ledger gained at `ledgerVersion`; a version already counted is a no-op. */
  restock(saleId: SaleId, added: Units, ledgerVersion: number): Promise<void>;

  /** Takes up to `max` pending reservations whose due time is before `before`, oldest first, and
   * doubles the due time of each, so that the next sweep leaves them alone for a while. */
  overdue(before: Instant, max: number): Promise<readonly Reservation[]>;

  /** The pending reservations among these orders, or of this buyer. */
  pending(saleId: SaleId, query: PendingQuery): Promise<readonly Reservation[]>;

  /** The counts of a loaded sale, or null. */
  level(saleId: SaleId): Promise<StockLevel | null>;
}
