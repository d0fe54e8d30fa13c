/** An order as every SQL store writes it, in columns of the same names; how its id is kept is the
 * store's own affair. */
import {
  type BuyerId,
  instant,
  type OrderId,
  type OrderRoute,
  type RequestKey,
  type Units,
} from "../../domain/ids.ts";
import type { Order, RefusalReason } from "../../domain/order.ts";

export interface OrderColumns {
  readonly buyer_id: BuyerId;
  readonly request_key: RequestKey;
  readonly fingerprint: string;
  readonly quantity: Units;
  readonly status: "placed" | "refused";
  readonly reason: RefusalReason | null;
  readonly placed_at: number;
}

/** The order of these columns, under an id and what that says. */
export function orderOf(orderId: OrderId, route: OrderRoute, row: OrderColumns): Order {
  const { saleId, epoch, reservedAt } = route;
  return {
    orderId,
    saleId,
    epoch,
    buyerId: row.buyer_id,
    requestKey: row.request_key,
    fingerprint: row.fingerprint,
    quantity: row.quantity,
    reservedAt,
    status: row.status,
    placedAt: instant(row.placed_at),
    reason: row.reason,
  };
}
