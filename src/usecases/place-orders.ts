/** Consumes the order log into the ledger. Delivered at least once, effective once: the ledger
 * drops what it has decided before, and settling or releasing twice changes nothing. A throw
 * means: deliver the batch again. */
import { instant, routeOf } from "../domain/ids.ts";
import type { Order, RefusalReason } from "../domain/order.ts";
import type { Reservation } from "../domain/reservation.ts";
import { InvariantError, present } from "../lib/assert.ts";
import type { Clock } from "../ports/clock.ts";
import type { LoggedOrder, OrderLog } from "../ports/order-log.ts";
import type { OrderRepository, PlacementResult } from "../ports/order-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface PlaceOrdersDeps {
  readonly orders: Pick<OrderRepository, "place" | "refuse">;
  readonly stock: Pick<StockStore, "settle" | "release" | "pending">;
  readonly log: Pick<OrderLog, "deadLetter">;
  readonly clock: Clock;
}

export interface PlaceOrdersReport {
  readonly placed: number;
  readonly refused: number;
  /** Redelivered or swept orders that had been decided before. */
  readonly duplicates: number;
  readonly poison: number;
  /** Orders of which the stock could not be told: they stay pending until a sweep brings them here
   * again. */
  readonly untold: number;
  /** Milliseconds from produced to committed, of the oldest message in the batch. */
  readonly lagMs: number;
}

export async function placeOrders(
  deps: PlaceOrdersDeps,
  batch: readonly LoggedOrder[],
): Promise<PlaceOrdersReport> {
  const poison = batch.filter((message) => message.order === null);
  for (const message of poison) await bury(deps, message);
  const orders = batch.flatMap((message) => (message.order === null ? [] : [message.order]));
  const results = await deps.orders.place(orders, deps.clock.now());
  const told = await tell(deps, orders, results);
  const count = (kind: string) => results.filter((result) => result.kind === kind).length;
  const oldest = batch[0]?.producedAt ?? instant(deps.clock.now());
  return {
    placed: count("placed"),
    refused: count("refused"),
    duplicates: count("duplicate"),
    poison: poison.length,
    untold: told ? 0 : results.length,
    lagMs: Math.max(0, deps.clock.now() - oldest),
  };
}

/** The ledger goes on while the stock is away; whether it is not. */
async function tell(
  deps: PlaceOrdersDeps,
  orders: readonly Reservation[],
  results: readonly PlacementResult[],
): Promise<boolean> {
  try {
    await settleAll(deps, orders, results);
    return true;
  } catch (reason) {
    if (reason instanceof InvariantError) throw reason;
    return false;
  }
}

/** Poison ends as a dead letter, and never only there: if its reservation can be found, its buyer
 * sees a refusal. */
async function bury(deps: PlaceOrdersDeps, message: LoggedOrder): Promise<void> {
  await deps.log.deadLetter(message, "not a valid order");
  if (message.orderId === null) return;
  const { saleId } = present(routeOf(message.orderId), "a readable order id routes");
  const [reservation] = await deps.stock.pending(saleId, { orderIds: [message.orderId] });
  if (reservation === undefined) return;
  const result = await deps.orders.refuse(reservation, "poison", deps.clock.now());
  await settleAll(deps, [reservation], [result]);
}

/** Tells the stock what the ledger decided: one result an order, in their order. */
export async function settleAll(
  deps: { readonly stock: Pick<StockStore, "settle" | "release"> },
  orders: readonly Reservation[],
  results: readonly Pick<Order, "status" | "reason">[],
): Promise<void> {
  const where = (wanted: (result: Pick<Order, "status" | "reason">) => boolean) =>
    orders.filter((_, at) => {
      const result = results[at];
      return result !== undefined && wanted(result);
    });
  const placed = where((result) => result.status === "placed");
  const credited = where((result) => result.reason !== null && creditOf[result.reason]);
  const dropped = where((result) => result.reason !== null && !creditOf[result.reason]);
  if (placed.length > 0) await deps.stock.settle(placed);
  if (credited.length > 0) await deps.stock.release(credited, true);
  if (dropped.length > 0) await deps.stock.release(dropped, false);
}

/** Whether a refusal's units go back to stock: not if the ledger never had room for them. */
const creditOf: Record<RefusalReason, boolean> = {
  "no-room": false,
  "reservation-lost": false,
  "buyer-limit": true,
  "duplicate-request-key": true,
  poison: true,
};
