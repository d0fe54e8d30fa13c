/** Reservations that the ledger is not yet known to have. */
import { homeBucket, type Instant, type OrderId, routeOf, type SaleId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { StockStore } from "../../ports/stock-store.ts";
import { type BucketAccess, bucketsUpTo } from "./bucket.ts";
import { buyerField, markOf, unpackReservation } from "./records.ts";
import { bytesOf, listOf, numberOf, pairsOf } from "./reply.ts";

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

/** Some orders of one bucket that are due at one time. */
interface Due {
  readonly bucket: number;
  readonly at: number;
  readonly orders: number;
}

/** What is due in all buckets says how many each of them gives. */
async function overdueOf(
  access: BucketAccess,
  saleId: SaleId,
  before: Instant,
  max: number,
): Promise<Reservation[]> {
  const buckets = await access.count(saleId);
  if (buckets === null) return [];
  const due = bucketsUpTo(buckets).map((bucket) => dueIn(access, saleId, bucket, before, max));
  const taken = [...sharesOf((await Promise.all(due)).flat(), max)].map(([bucket, orders]) =>
    access.run(access.scripts.overdue, saleId, bucket, [
      before,
      orders,
      limits.sweepBackoffMs,
      limits.sweepBackoffMaxMs,
    ]),
  );
  return (await Promise.all(taken))
    .flatMap(pairsOf)
    .map(([mark, known]) => unpackReservation(saleId, mark, known))
    .sort((a, b) => a.reservedAt - b.reservedAt);
}

/** The oldest `max` orders, counted by bucket. */
function sharesOf(due: readonly Due[], max: number): ReadonlyMap<number, number> {
  const shares = new Map<number, number>();
  let left = max;
  for (const { bucket, orders } of due.toSorted((a, b) => a.at - b.at)) {
    const share = Math.min(left, orders);
    if (share > 0) shares.set(bucket, (shares.get(bucket) ?? 0) + share);
    left -= share;
  }
  return shares;
}

/** Orders that one script call looks at, so that it holds nobody up for long. */
const looksPerCall = 4_000;

/** Most buckets have nothing that is due, so a plain count comes first. */
async function dueIn(
  access: BucketAccess,
  saleId: SaleId,
  bucket: number,
  before: Instant,
  max: number,
): Promise<readonly Due[]> {
  const key = access.keys.due(saleId, bucket);
  if ((await access.connection.send(key, ["ZCOUNT", key, "-inf", `(${before}`])) === 0) return [];
  const found: Due[] = [];
  let [skip, orders] = [0, 0];
  while (skip >= 0 && orders < max) {
    const args = [before, max - orders, looksPerCall, skip];
    const [next, ...said] = listOf(await access.run(access.scripts.due, saleId, bucket, args));
    for (let at = 0; at < said.length; at += 2) {
      const due = { bucket, at: Number(said[at]), orders: numberOf(said[at + 1]) };
      found.push(due);
      orders += due.orders;
    }
    skip = numberOf(next);
  }
  return found;
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
