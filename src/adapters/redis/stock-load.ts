/** Loading a sale's stock: sealed buckets are filled, and sell once all of them are complete. */
import { type Epoch, homeBucket, type SaleId } from "../../domain/ids.ts";
import type { HeldOrder, StockSettings } from "../../domain/reservation.ts";
import { err, ok } from "../../lib/result.ts";
import type { StockSnapshot, StockStore } from "../../ports/stock-store.ts";
import { type BucketAccess, bucketsUpTo } from "./bucket.ts";
import type { Value } from "./node.ts";
import { packHeld } from "./records.ts";
import { listOf, numberOf } from "./reply.ts";

/** Orders meant for one page: many, so that its key weighs little; few, so that little is copied
 * into each script (`bun bench/micro/redis-stock.ts`). */
const ordersPerPage = 8;
/** Orders of the ledger that one script call takes, so that it holds nobody up for long. */
const heldPerCall = 1_000;
const unlinkPerCall = 1_000;

export function stockLoad(access: BucketAccess): Pick<StockStore, "seal" | "load" | "configure"> {
  const { scripts } = access;

  const seal: StockStore["seal"] = async (saleId, buckets, epoch, token) => {
    access.learn(saleId, buckets);
    const sealed = await onEach(buckets, (bucket) =>
      access.run(scripts.seal, saleId, bucket, [epoch, buckets, token ?? ""]).then(numberOf),
    );
    if (sealed.includes(-1)) return err("stale-token");
    return sealed.includes(0) ? stale : ok(undefined);
  };

  const load: StockStore["load"] = async (saleId, epoch, settings, snapshot, held) => {
    access.learn(saleId, settings.buckets);
    const filled = await onEach(settings.buckets, (bucket) =>
      fill(access, saleId, bucket, epoch, fieldsOf(bucket, epoch, settings, snapshot)),
    );
    if (filled.includes(false)) return stale;
    for await (const orders of held) {
      if (!(await hold(access, saleId, epoch, settings.buckets, orders))) return stale;
    }
    const sells = await onEach(settings.buckets, (bucket) =>
      access.run(scripts.unseal, saleId, bucket, [epoch]).then(numberOf),
    );
    return sells.includes(0) ? stale : ok(undefined);
  };

  /** Every bucket that is there hears of it, also if others are lost. */
  const configure: StockStore["configure"] = async (saleId, settings) => {
    const args = [settings.version, ...changeable(settings)];
    await onEach(settings.buckets, (bucket) => access.run(scripts.configure, saleId, bucket, args));
  };

  return { seal, load, configure };
}

const stale = err("stale-epoch" as const);

function onEach<T>(buckets: number, work: (bucket: number) => Promise<T>): Promise<T[]> {
  return Promise.all(bucketsUpTo(buckets).map(work));
}

/** Whether the bucket was sealed under the epoch. The buyers of the load before have keys of their
 * own, which go first, so that a load that is cut short leaves nothing behind. */
async function fill(
  access: BucketAccess,
  saleId: SaleId,
  bucket: number,
  epoch: Epoch,
  fields: readonly Value[],
): Promise<boolean> {
  const former = await access.run(access.scripts.former, saleId, bucket, [epoch]);
  if (former === null) return false;
  const [formerEpoch = 0, pages = 0] = listOf(former).map(Number);
  const key = access.keys.stock(saleId, bucket);
  for (let from = 0; from < pages; from += unlinkPerCall) {
    const length = Math.min(unlinkPerCall, pages - from);
    const gone = Array.from({ length }, (_, n) =>
      access.keys.page(saleId, bucket, formerEpoch, from + n),
    );
    await access.connection.send(key, ["UNLINK", ...gone]);
  }
  return (await access.run(access.scripts.load, saleId, bucket, fields)) === 1;
}

function fieldsOf(
  bucket: number,
  epoch: Epoch,
  settings: StockSettings,
  { total, sold, ledgerVersion }: StockSnapshot,
): Value[] {
  const { buckets, perBuyerLimit, version } = settings;
  const pages = Math.ceil(total / buckets / ordersPerPage);
  return [
    epoch,
    share(total - sold, bucket, buckets),
    ledgerVersion,
    Math.max(1, pages),
    buckets,
    perBuyerLimit,
    version,
    ...changeable(settings),
  ];
}

/** The units of a bucket when they are dealt out evenly. */
function share(units: number, bucket: number, buckets: number): number {
  return Math.floor(units / buckets) + (bucket < units % buckets ? 1 : 0);
}

/** Fields that a new version may change. Each bucket bounds its share of what is pending. */
function changeable(settings: StockSettings): Value[] {
  const { state, startsAt, endsAt, pendingMax, buckets } = settings;
  return [
    ...["state", state],
    ...["opens", startsAt ?? ""],
    ...["ends", endsAt ?? ""],
    ...["pendingMax", Math.max(1, Math.floor(pendingMax / buckets))],
  ];
}

/** Whether all buckets are still sealed under the epoch. */
async function hold(
  access: BucketAccess,
  saleId: SaleId,
  epoch: Epoch,
  buckets: number,
  orders: readonly HeldOrder[],
): Promise<boolean> {
  const byBucket = Map.groupBy(orders, ({ buyerId }) => homeBucket(buyerId, buckets));
  const calls: Promise<number>[] = [];
  for (const [bucket, all] of byBucket) {
    for (let from = 0; from < all.length; from += heldPerCall) {
      const packed = packHeld(all.slice(from, from + heldPerCall));
      const call = access.run(access.scripts.hold, saleId, bucket, [epoch, packed]);
      calls.push(call.then(numberOf));
    }
  }
  return !(await Promise.all(calls)).includes(0);
}
