/** Reads orders: the pending reservations first, then the ledger, so that an order is seen from
 * the moment it was accepted and never vanishes in between. */
import { type BuyerId, type OrderId, routeOf, type SaleId } from "../domain/ids.ts";
import { asReserved, type Order } from "../domain/order.ts";
import type { OrderPage, OrderQuery, OrderRepository } from "../ports/order-repository.ts";
import { ServiceUnavailable } from "../ports/service-unavailable.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface FindOrdersDeps {
  readonly orders: Pick<OrderRepository, "byId" | "ledger" | "list">;
  readonly stock: Pick<StockStore, "pending" | "level">;
}

/** An order, or what is known of a reservation that was lost before the log had it. */
export type FoundOrder = Order | LostReservation;

export interface LostReservation {
  readonly orderId: OrderId;
  readonly saleId: SaleId;
  readonly buyerId: null;
  readonly quantity: null;
  readonly reservedAt: Order["reservedAt"];
  readonly status: "refused";
  readonly placedAt: null;
  readonly reason: "reservation-lost";
}

/** Null if there is no such order. Throws `ServiceUnavailable` while that cannot be told, because
 * the stock in which it may be pending is gone, and the log may still bring it to the ledger. */
export async function findOrder(deps: FindOrdersDeps, id: string): Promise<FoundOrder | null> {
  const route = routeOf(id);
  if (route === null) return null;
  const orderId = id as OrderId;
  const { saleId, reservedAt, epoch } = route;
  const order = await look(deps, saleId, orderId);
  if (order !== null) return order;
  const ledger = await deps.orders.ledger(saleId);
  if (ledger === null || epoch === 0) return null;
  if (epoch < ledger.minEpoch) {
    // It may have been placed since it was looked for; now it can be no more.
    const [placed] = await deps.orders.byId([orderId]);
    return placed ?? { ...lost, orderId, saleId, reservedAt };
  }
  // The stock that is there has been since the order would have been reserved. It may be another
  // one than was asked before, if the sale was moved to it a moment ago.
  if ((await deps.stock.level(saleId))?.epoch === epoch) return look(deps, saleId, orderId);
  throw new ServiceUnavailable(`the stock of ${saleId} is being loaded; try again`);
}

async function look(deps: FindOrdersDeps, saleId: SaleId, orderId: OrderId): Promise<Order | null> {
  const [pending] = await deps.stock.pending(saleId, { orderIds: [orderId] });
  if (pending !== undefined) return asReserved(pending);
  const [order] = await deps.orders.byId([orderId]);
  return order ?? null;
}

export async function listOrders(deps: FindOrdersDeps, query: OrderQuery): Promise<OrderPage> {
  const waiting = query.cursor === null ? await pendingOf(deps, query.saleId, query.buyerId) : [];
  const page = await deps.orders.list(query);
  const placed = new Set(page.items.map((order) => order.orderId));
  const reserved = waiting.filter((order) => !placed.has(order.orderId));
  return { items: [...reserved, ...page.items], nextCursor: page.nextCursor };
}

async function pendingOf(
  deps: FindOrdersDeps,
  saleId: SaleId,
  buyerId: BuyerId | null,
): Promise<Order[]> {
  if (buyerId === null) return [];
  return (await deps.stock.pending(saleId, { buyerId })).map(asReserved);
}

const lost = {
  buyerId: null,
  quantity: null,
  status: "refused",
  placedAt: null,
  reason: "reservation-lost",
} as const;
