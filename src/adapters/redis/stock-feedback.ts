/** What the ledger decided, brought back to the stock. */
import { routeOf } from "../../domain/ids.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import type { StockStore } from "../../ports/stock-store.ts";
import type { BucketAccess } from "./bucket.ts";
import type { Script } from "./connection.ts";
import type { Value } from "./node.ts";
import { buyerField, markOf } from "./records.ts";

/** Marks that one script call takes: Lua hands on fewer than 8,000 arguments. */
const ordersPerCall = 1_000;

export function stockFeedback(
  access: BucketAccess,
): Pick<StockStore, "settle" | "release" | "restock"> {
  const { scripts } = access;

  const settle: StockStore["settle"] = (orders) =>
    byBucket(access, scripts.settle, orders, (some) => some.map(mark));

  const release: StockStore["release"] = (orders, credit) =>
    byBucket(access, scripts.release, orders, (some) => [
      credit ? 1 : 0,
      ...some.flatMap((order) => [mark(order), buyerField(order.buyerId)]),
    ]);

  /** All units go to bucket 0, so that one step decides whether a version was counted; the others
   * fetch what they need. */
  const restock: StockStore["restock"] = async (saleId, added, ledgerVersion) => {
    await access.run(scripts.restock, saleId, 0, [added, ledgerVersion]);
  };

  return { settle, release, restock };
}

async function byBucket(
  access: BucketAccess,
  script: Script,
  orders: readonly Reservation[],
  argsOf: (orders: readonly Reservation[]) => Value[],
): Promise<void> {
  const groups = Map.groupBy(orders, (order) => access.keys.stock(order.saleId, bucketOf(order)));
  const calls: Promise<unknown>[] = [];
  for (const group of groups.values()) {
    for (let from = 0; from < group.length; from += ordersPerCall) {
      const some = group.slice(from, from + ordersPerCall);
      const [{ saleId }, bucket] = [some[0] as Reservation, bucketOf(some[0] as Reservation)];
      calls.push(access.run(script, saleId, bucket, argsOf(some)));
    }
  }
  await Promise.all(calls);
}

function bucketOf({ orderId }: Reservation): number {
  return present(routeOf(orderId), `no order id: ${orderId}`).bucket;
}

function mark({ orderId }: Reservation): Buffer {
  return present(markOf(orderId), `no order id: ${orderId}`);
}
