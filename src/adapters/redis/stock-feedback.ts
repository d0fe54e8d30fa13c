/** What the ledger decided, brought back to the stock. */
import type { Reservation } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import type { StockStore } from "../../ports/stock-store.ts";
import type { BucketAccess } from "./bucket.ts";
import type { Script } from "./connection.ts";
import type { Value } from "./node.ts";
import { bucketOfMark, buyerField, markOf } from "./records.ts";

/** Marks that one script call takes: Lua hands on fewer than 8,000 arguments. */
const ordersPerCall = 1_000;

export function stockFeedback(
  access: BucketAccess,
): Pick<StockStore, "settle" | "release" | "restock"> {
  const { scripts } = access;

  const settle: StockStore["settle"] = (orders) =>
    onBuckets(access, scripts.settle, orders, (some) => some.map(({ mark }) => mark));

  const release: StockStore["release"] = (orders, credit) =>
    onBuckets(access, scripts.release, orders, (some) => [
      credit ? 1 : 0,
      ...some.flatMap(({ mark, order }) => [mark, buyerField(order.buyerId)]),
    ]);

  /** All units go to bucket 0, so that one step decides whether a version was counted; the others
   * fetch what they need. */
  const restock: StockStore["restock"] = async (saleId, added, ledgerVersion) => {
    await access.run(scripts.restock, saleId, 0, [added, ledgerVersion]);
  };

  return { settle, release, restock };
}

interface Marked {
  readonly order: Reservation;
  readonly mark: Buffer;
}

/** Runs a script on each bucket that has some of the orders, each order once. */
async function onBuckets(
  access: BucketAccess,
  script: Script,
  orders: readonly Reservation[],
  argsOf: (some: readonly Marked[]) => Value[],
): Promise<void> {
  const marked = new Map(orders.map((order) => [order.orderId, markedOf(order)]));
  const groups = Map.groupBy(
    marked.values(),
    ({ order, mark }) => `${order.saleId}:${bucketOfMark(mark)}`,
  );
  const calls: Promise<unknown>[] = [];
  for (const group of groups.values()) {
    for (let from = 0; from < group.length; from += ordersPerCall) {
      const some = group.slice(from, from + ordersPerCall);
      const { order, mark } = present(some[0], "a group has members");
      calls.push(access.run(script, order.saleId, bucketOfMark(mark), argsOf(some)));
    }
  }
  await Promise.all(calls);
}

function markedOf(order: Reservation): Marked {
  return { order, mark: present(markOf(order.orderId), `no order id: ${order.orderId}`) };
}
