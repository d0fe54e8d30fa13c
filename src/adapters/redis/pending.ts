/** The pending reservations: those that are overdue, of some orders, of one buyer, or all. */
import { homeBucket, type OrderId, routeOf, type SaleId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { StockStore } from "../../ports/stock-store.ts";
import type { RedisConnection, Reply } from "./connection.ts";
import { buyerField, markOf, unpackPending } from "./packing.ts";
import { everyBucket, type RunScript, type StockKeys } from "./stock-keys.ts";

interface PendingDeps {
  readonly redis: RedisConnection;
  readonly keys: StockKeys;
  readonly run: RunScript;
}

const scanCount = 2_000;

export function pendingReads(deps: PendingDeps): Pick<StockStore, "overdue" | "pending"> {
  const { keys, run } = deps;

  const overdue: StockStore["overdue"] = async (saleIds, before, max) => {
    const found = await Promise.all(saleIds.map((saleId) => overdueOf(saleId, before, max)));
    return found.flat();
  };

  async function overdueOf(saleId: SaleId, before: number, max: number): Promise<Reservation[]> {
    const count = (await keys.buckets(saleId)) ?? 0;
    const waits = [limits.sweepBackoffMs, limits.sweepBackoffMaxMs];
    const most = Math.ceil(max / Math.max(1, count));
    const replies = await Promise.all(
      everyBucket(count).map((at) => run("overdue", saleId, at, [before, most, ...waits])),
    );
    return replies.flatMap((reply, bucket) => unpacked(reply, saleId, bucket));
  }

  const pending: StockStore["pending"] = async (saleId, { orderIds, buyerId }) => {
    if (orderIds !== undefined) return await ofOrders(deps, saleId, orderIds);
    const count = (await keys.buckets(saleId)) ?? 0;
    if (count === 0) return [];
    if (buyerId === undefined) {
      return (await Promise.all(everyBucket(count).map((at) => scan(deps, saleId, at)))).flat();
    }
    const bucket = homeBucket(buyerId, count);
    const reply = await run("held", saleId, bucket, [buyerField(buyerId)]);
    return unpacked(reply, saleId, bucket).filter((order) => order.buyerId === buyerId);
  };

  return { overdue, pending };
}

async function ofOrders(
  { redis, keys }: PendingDeps,
  saleId: SaleId,
  orderIds: readonly OrderId[],
): Promise<Reservation[]> {
  const byBucket = Map.groupBy(orderIds, (id) => routeOf(id)?.bucket ?? 0);
  const found = await Promise.all(
    [...byBucket].map(async ([bucket, ids]) => {
      const marks = ids.map(markOf);
      const pendingKey = `${keys.stock(saleId, bucket)}:pending`;
      const known = (await redis.command("hmget", [pendingKey, ...marks])) as Reply[];
      return marks.flatMap((mark, at) => {
        const value = known[at];
        if (!(value instanceof Buffer)) return [];
        return [unpackPending(Buffer.from(mark), value, { saleId, bucket })];
      });
    }),
  );
  const asked = new Set(orderIds);
  return found.flat().filter((order) => asked.has(order.orderId));
}

/** All of a bucket; what comes and goes meanwhile may or may not be among them. */
async function scan(
  { redis, keys }: PendingDeps,
  saleId: SaleId,
  bucket: number,
): Promise<Reservation[]> {
  const pendingKey = `${keys.stock(saleId, bucket)}:pending`;
  const found = new Map<OrderId, Reservation>();
  let cursor = "0";
  do {
    const reply = await redis.command("hscan", [pendingKey, cursor, "COUNT", scanCount]);
    const [next, page] = reply as [Buffer, readonly Reply[]];
    for (const order of unpacked(page, saleId, bucket)) found.set(order.orderId, order);
    cursor = String(next);
  } while (cursor !== "0");
  return [...found.values()];
}

/** A reply of mark and what is known of it in turn. */
function unpacked(reply: Reply, saleId: SaleId, bucket: number): Reservation[] {
  const parts = reply as readonly Reply[];
  const place = { saleId, bucket };
  return Array.from({ length: parts.length / 2 }, (_, at) =>
    unpackPending(parts[2 * at] as Buffer, parts[2 * at + 1] as Buffer, place),
  );
}
