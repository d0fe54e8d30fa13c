/** The batches of the purchase path: requests for one sale share a decision, and all orders share
 * an append. What arrives while a batch is in flight forms the next one. */
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Reservation, ReserveOutcome, ReserveRequest } from "../domain/reservation.ts";
import { type MicroBatch, microBatch } from "../lib/micro-batch.ts";
import type { Result } from "../lib/result.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { StockStore, StockUnavailable } from "../ports/stock-store.ts";

type Decision = Result<ReserveOutcome, StockUnavailable>;

export interface PurchaseBatches {
  /** One request's outcome; `overloaded` at once if too many wait. Rejects if the outcome is
   * unknown. */
  reserve(saleId: SaleId, request: ReserveRequest): Promise<Result<Decision, "overloaded">>;
  /** Resolves once the order is in the log; rejects, or `overloaded`, if that is not known. */
  append(order: Reservation): Promise<Result<void, "overloaded">>;
  /** Requests waiting for a decision or an append. */
  waiting(): number;
}

export function purchaseBatches(deps: { stock: StockStore; log: OrderLog }): PurchaseBatches {
  const bySale = new Map<SaleId, MicroBatch<ReserveRequest, Decision>>();
  const appends = microBatch<Reservation, void>({
    batchMax: limits.appendBatchMax,
    queueMax: limits.appendQueueMax,
    run: async (orders) => {
      await deps.log.append(orders);
      return orders.map(() => undefined);
    },
  });

  function reserve(saleId: SaleId, request: ReserveRequest) {
    const known = bySale.get(saleId);
    if (known !== undefined) return known.push(request);
    const batch = reserveBatch(deps.stock, saleId);
    bySale.set(saleId, batch);
    return batch.push(request);
  }

  function waiting(): number {
    let sum = appends.size();
    for (const batch of bySale.values()) sum += batch.size();
    return sum;
  }

  return { reserve, append: (order) => appends.push(order), waiting };
}

function reserveBatch(stock: StockStore, saleId: SaleId): MicroBatch<ReserveRequest, Decision> {
  return microBatch<ReserveRequest, Decision>({
    batchMax: limits.reserveBatchMax,
    queueMax: limits.reserveQueueMax,
    run: async (requests) => {
      const answer = await stock.reserve(saleId, 0, requests);
      if (!answer.ok) return requests.map(() => answer);
      return answer.value.map((value) => ({ ok: true, value }));
    },
  });
}
