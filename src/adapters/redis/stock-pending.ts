/** Reservations that the ledger is not yet known to have. */
import { homeBucket, type Instant, type OrderId, routeOf, type SaleId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { StockStore } from "../../ports/stock-store.ts";
import { type BucketAccess, bucketsUpTo } from "./bucket.ts";
import { buyerField, markOf, unpackReservation } from "./records.ts";
import { bytesOf, listOf, pairsOf } from "./reply.ts";

export function stockPending(access: BucketAccess): Pick<StockStore, "overdue" | "pending"> {
  const overdue: StockStore["overdue"] = async (saleIds, before, max) =>
    (await Promise.all(saleIds.map((saleId) => overdueOf(access, saleId, before, max)))).flat();

  const pending: StockStore["pending"] = async (saleId, { orderIds, buyerId }) => {
    if (buyerId === undefined) {
      return orderIds === undefined ? all(access, saleId) : some(access, saleId, orderIds);
    }
    const buckets = await access.count(saleId);
    if (buckets === null) return [];
    const home = homeBucket(buyerId, buckets);
    const { pendingOfBuyer } = access.scripts;
    const found = await access.run(pendingOfBuyer, saleId, home, [buyerField(buyerId)]);
    const orders = pairsOf(found).map(([mark, known]) => unpackReservation(saleId, mark, known));
    return orders.filter((order) => order.buyerId === buyerId);
  };

  return { overdue, pending };
}

/** Most sales have nothing overdue, so a plain look comes first. It also says how many each bucket
 * gives, if together they have more than `max`. */
async function overdueOf(
  access: BucketAccess,
  saleId: SaleId,
  before: Instant,
  max: number,
): Promise<Reservation[]> {
  const buckets = await access.count(saleId);
  if (buckets === null) return [];
  const dueTimes = (bucket: number) => dueBefore(access, saleId, bucket, before, max);
  const due = (await Promise.all(bucketsUpTo(buckets).map(dueTimes))).flat();
  const oldest = due.sort((a, b) => a.at - b.at).slice(0, max);
  const byBucket = Map.groupBy(oldest, ({ bucket }) => bucket);
  const taken = [...byBucket].map(([bucket, { length }]) =>
    access.run(access.scripts.overdue, saleId, bucket, [
      before,
      length,
      limits.sweepBackoffMs,
      limits.sweepBackoffMaxMs,
    ]),
  );
  return (await Promise.all(taken))
    .flatMap(pairsOf)
    .map(([mark, known]) => unpackReservation(saleId, mark, known))
    .sort((a, b) => a.reservedAt - b.reservedAt);
}

async function dueBefore(
  access: BucketAccess,
  saleId: SaleId,
  bucket: number,
  before: Instant,
  max: number,
): Promise<{ readonly bucket: number; readonly at: number }[]> {
  const key = access.keys.due(saleId, bucket);
  const range = ["-inf", `(${before}`, "LIMIT", 0, max, "WITHSCORES"];
  const found = await access.connection.send(key, ["ZRANGEBYSCORE", key, ...range]);
  return pairsOf(found).map(([, at]) => ({ bucket, at: Number(at.toString()) }));
}

async function some(
  access: BucketAccess,
  saleId: SaleId,
  orderIds: readonly OrderId[],
): Promise<Reservation[]> {
  const ofSale = orderIds.filter((id) => routeOf(id)?.saleId === saleId);
  const byBucket = Map.groupBy(ofSale, (id) => routeOf(id)?.bucket ?? 0);
  const found = new Map<OrderId, Reservation>();
  const calls = [...byBucket].map(async ([bucket, ids]) => {
    const key = access.keys.pending(saleId, bucket);
    const marks = ids.flatMap((id) => markOf(id) ?? []);
    const known = listOf(await access.connection.send(key, ["HMGET", key, ...marks]));
    known.forEach((value, at) => {
      if (value === null) return;
      const order = unpackReservation(saleId, marks[at] as Buffer, bytesOf(value));
      found.set(order.orderId, order);
    });
  });
  await Promise.all(calls);
  return orderIds.flatMap((id) => found.get(id) ?? []);
}

async function all(access: BucketAccess, saleId: SaleId): Promise<Reservation[]> {
  const buckets = await access.count(saleId);
  const calls = bucketsUpTo(buckets ?? 0).map((bucket) => {
    const key = access.keys.pending(saleId, bucket);
    return access.connection.send(key, ["HGETALL", key]);
  });
  const pairs = (await Promise.all(calls)).flatMap(pairsOf);
  return pairs.map(([mark, known]) => unpackReservation(saleId, mark, known));
}
