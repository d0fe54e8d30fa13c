/** Loads a sale's stock into Redis: seal every bucket, fill it, unseal it. */
import { homeBucket, type SaleId } from "../../domain/ids.ts";
import type { HeldOrder, StockSettings } from "../../domain/reservation.ts";
import { err, ok } from "../../lib/result.ts";
import type { StockSnapshot, StockStore } from "../../ports/stock-store.ts";
import type { RedisConnection, Reply, Value } from "./connection.ts";
import { packHeld } from "./packing.ts";
import { everyBucket, type RunScript, type StockKeys, shareOf } from "./stock-keys.ts";

interface LoaderDeps {
  readonly redis: RedisConnection;
  readonly keys: StockKeys;
  readonly run: RunScript;
}

/** Buyers of one hash, few enough that Redis packs them tightly and finds them fast. */
const buyersPerShard = 32;
/** Orders written by one call. */
const heldPerCall = 500;
const unlinkPerCall = 500;

export function stockLoader({ redis, keys, run }: LoaderDeps): Pick<StockStore, "seal" | "load"> {
  const seal: StockStore["seal"] = async (saleId, buckets, epoch) => {
    keys.noteBuckets(saleId, buckets);
    const sealed = await all(buckets, (at) => run("seal", saleId, at, [epoch]));
    return sealed.every((reply) => reply === 1) ? ok(undefined) : err("stale-epoch");
  };

  const load: StockStore["load"] = async (saleId, epoch, settings, snapshot, held) => {
    const { buckets } = settings;
    const before = await all(buckets, (at) => {
      const shards = Math.max(1, Math.ceil(shareOf(snapshot.total, buckets, at) / buyersPerShard));
      const fields = Object.entries(freshFields(settings, snapshot, at)).flat();
      return run("load", saleId, at, [epoch, shards, ...fields]);
    });
    if (before.includes(null)) return err("stale-epoch");
    for await (const orders of held) {
      if (!(await hold(saleId, epoch, buckets, orders))) return err("stale-epoch");
    }
    const sold = await all(buckets, (at) => run("unseal", saleId, at, [epoch]));
    if (sold.includes(0)) return err("stale-epoch");
    await Promise.all(before.map((had, at) => dropBuyers(saleId, at, had)));
    return ok(undefined);
  };

  async function hold(
    saleId: SaleId,
    epoch: number,
    buckets: number,
    orders: readonly HeldOrder[],
  ): Promise<boolean> {
    const byBucket = Map.groupBy(orders, ({ buyerId }) => homeBucket(buyerId, buckets));
    const replies = await Promise.all(
      [...byBucket].flatMap(([at, group]) =>
        chunks(group, heldPerCall).map((part) => run("hold", saleId, at, [epoch, packHeld(part)])),
      ),
    );
    return replies.every((reply) => reply === 1);
  }

  /** The buyers of the load before, which nobody looks at any more. */
  async function dropBuyers(saleId: SaleId, bucket: number, had: Reply): Promise<void> {
    const [epoch, shards] = Array.isArray(had) ? had.map(String) : ["", "0"];
    if (epoch === "") return;
    const stock = keys.stock(saleId, bucket);
    for (let from = 0; from < Number(shards); from += unlinkPerCall) {
      const count = Math.min(unlinkPerCall, Number(shards) - from);
      const names = Array.from({ length: count }, (_, n) => `${stock}:b:${epoch}:${from + n}`);
      await redis.command("unlink", names);
    }
  }

  return { seal, load };
}

/** A bucket that nobody has bought from. */
function freshFields(settings: StockSettings, snapshot: StockSnapshot, bucket: number) {
  const { buckets } = settings;
  return {
    state: settings.state,
    opens: settings.startsAt ?? "",
    ends: settings.endsAt ?? "",
    limit: settings.perBuyerLimit,
    pendingMax: Math.max(1, Math.ceil(settings.pendingMax / buckets)),
    version: settings.version,
    buckets,
    remaining: shareOf(snapshot.total - snapshot.sold, buckets, bucket),
    loadedVersion: snapshot.ledgerVersion,
    pending: 0,
    pendingUnits: 0,
    released: 0,
    seq: 0,
    changes: 0,
  } satisfies Record<string, Value>;
}

function all(buckets: number, each: (bucket: number) => Promise<Reply>): Promise<Reply[]> {
  return Promise.all(everyBucket(buckets).map(each));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size));
}
