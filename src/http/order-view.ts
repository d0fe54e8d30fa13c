/** Orders as their buyers and administrators read them. */
import type { FoundOrder } from "../usecases/find-orders.ts";
import { isoTime, isoTimeOrNull } from "./iso-time.ts";
import type { OrderAnswer } from "./schemas/order.ts";

export function orderView(order: FoundOrder): OrderAnswer {
  return {
    id: order.orderId,
    saleId: order.saleId,
    buyerId: order.buyerId,
    quantity: order.quantity,
    status: order.status,
    acceptedAt: isoTime(order.reservedAt),
    placedAt: isoTimeOrNull(order.placedAt),
    ...(order.reason !== null && { reason: order.reason }),
  };
}
