/** The ledger and the order table: the last word on every unit. */
import type { BuyerId, Epoch, Instant, LockToken, OrderId, SaleId, Units } from "../domain/ids.ts";
import type { Order, RefusalReason } from "../domain/order.ts";
import type { HeldOrder, Reservation } from "../domain/reservation.ts";
import type { SellingMode } from "../domain/sale.ts";
import type { Result } from "../lib/result.ts";
import type { StockSnapshot } from "./stock-store.ts";

export interface PlacementResult {
  readonly orderId: OrderId;
  /** `duplicate`: the order id was decided before, as `status` says. */
  readonly kind: "placed" | "duplicate" | "refused";
  readonly status: "placed" | "refused";
  readonly reason: RefusalReason | null;
}

/** Counts from one consistent view of the tables. */
export interface LedgerCounts {
  readonly stock: Units;
  readonly sold: Units;
  readonly placed: Units;
  readonly refused: Units;
  readonly orders: number;
  readonly duplicates: number;
  readonly overLimitBuyers: number;
  /** Those of the asked-for ids that have a row, whatever its status. */
  readonly known: readonly OrderId[];
}

export interface LedgerState {
  readonly total: Units;
  readonly sold: Units;
  /** Grows with every change of `total` or `sold`. */
  readonly version: number;
  /** The highest epoch that was ever given; 0 before the first load. */
  readonly epoch: Epoch;
  /** The lowest epoch whose unseen orders can still be placed; 0 before the first load. */
  readonly minEpoch: Epoch;
}

export interface OrderPage {
  readonly items: readonly Order[];
  readonly nextCursor: string | null;
}

export interface OrderQuery {
  readonly buyerId: BuyerId | null;
  readonly saleId: SaleId;
  readonly limit: number;
  readonly cursor: string | null;
}

/** The fence between the loads of a sale's stock. */
export interface Epochs {
  /** Makes epoch 1 the sale's epoch and the lowest that `place` accepts, if the sale never had
   * one; null if it had. Whoever gets it may load the stock without any barrier. */
  firstEpoch(saleId: SaleId): Promise<Fenced | null>;

  /** The next epoch of the sale, higher than any before. The ledger remembers the highest token of
   * the sale's controllers and refuses a lower one; without a token it is not asked. */
  nextEpoch(saleId: SaleId, token?: LockToken): Promise<Result<Epoch, "stale-token">>;

  /** Makes the epoch, in one transaction, the lowest that `place` accepts for orders it has not
   * seen, and reads what the ledger holds now. From then on what `held` gives stands still until
   * stock is loaded under this epoch. Refused if a higher one was fenced before. */
  fence(saleId: SaleId, epoch: Epoch): Promise<Result<Fenced, "stale-epoch">>;

  /** Sells a sale in another way from now on, unless a higher epoch was given since. Tells in which
   * way it was sold until now. */
  switchTo(
    saleId: SaleId,
    epoch: Epoch,
    mode: SellingMode,
  ): Promise<Result<SellingMode, "stale-epoch">>;

  /** The live orders of a sale with a lower epoch, in batches of at most a few thousand. */
  held(saleId: SaleId, below: Epoch): AsyncIterable<readonly HeldOrder[]>;

  /** A sale's ledger, or null if there is no such sale. */
  ledger(saleId: SaleId): Promise<LedgerState | null>;
}

export interface OrderRepository extends Epochs {
  /** Decides orders in one transaction, in order: each is placed, refused with a visible row, or a
   *  duplicate of an id decided before. All or nothing is written; after a throw
   * it is not known which, and the same batch may be placed again. */
  place(orders: readonly Reservation[], now: Instant): Promise<readonly PlacementResult[]>;

  /** Writes a refusal for an order that cannot be placed; a no-op if the id was decided before. */
  refuse(order: Reservation, reason: RefusalReason, now: Instant): Promise<PlacementResult>;

  /** The orders that have a row, in the order asked for. */
  byId(ids: readonly OrderId[]): Promise<readonly Order[]>;

  /** Orders newest first. */
  list(query: OrderQuery): Promise<OrderPage>;

  /** Adds units to a sale, once per key: the ledger version and total after it, and whether it
   * was a repeat. Refused (`over-limit`) past the largest stock a sale may hold. */
  restock(
    saleId: SaleId,
    added: Units,
    key: string,
  ): Promise<Result<{ version: number; total: Units; repeated: boolean }, RestockRefusal>>;

  audit(saleId: SaleId, ids: readonly OrderId[]): Promise<LedgerCounts>;
}

export interface Fenced {
  readonly epoch: Epoch;
  readonly snapshot: StockSnapshot;
}

export type RestockRefusal = "over-limit" | "key-reused";
