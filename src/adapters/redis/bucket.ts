/** How the parts of the stock store reach the buckets of a sale. */
import type { SaleId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { recent } from "../../lib/recent.ts";
import { type RedisConnection, run, type Script } from "./connection.ts";
import { type StockKeys, stockKeys } from "./keys.ts";
import type { Reply, Value } from "./node.ts";
import { bytesOf } from "./reply.ts";
import { type StockScripts, stockScripts } from "./scripts.ts";

export interface BucketAccess {
  readonly connection: Pick<RedisConnection, "send">;
  readonly keys: StockKeys;
  readonly scripts: StockScripts;
  /** Runs a script on one bucket. */
  run(script: Script, saleId: SaleId, bucket: number, args: readonly Value[]): Promise<Reply>;
  /** Runs a script on every bucket of a sale; null if the sale is not known. */
  runOnAll(script: Script, saleId: SaleId, args: readonly Value[]): Promise<Reply[] | null>;
  /** How many buckets a sale has, or null if it was never loaded: as bucket 0 says, and remembered,
   * since it is fixed once a sale is loaded. */
  count(saleId: SaleId): Promise<number | null>;
  /** What `count` remembers was found to be wrong, or is known anew. */
  learn(saleId: SaleId, count: number | null): void;
}

export function bucketAccess(
  connection: Pick<RedisConnection, "send">,
  prefix: string,
  clock?: string,
): BucketAccess {
  const keys = stockKeys(prefix);
  const counts = recent<SaleId, number | null>(limits.saleDirectoryMax);

  const runOne: BucketAccess["run"] = (script, saleId, bucket, args) =>
    run(connection, script, keys.stock(saleId, bucket), args);

  const runOnAll: BucketAccess["runOnAll"] = async (script, saleId, args) => {
    const buckets = await count(saleId);
    if (buckets === null) return null;
    return Promise.all(bucketsUpTo(buckets).map((bucket) => runOne(script, saleId, bucket, args)));
  };

  async function count(saleId: SaleId): Promise<number | null> {
    const known = counts.get(saleId);
    if (known !== undefined && known !== null) return known;
    const key = keys.stock(saleId, 0);
    const stored = await connection.send(key, ["HGET", key, "buckets"]);
    if (stored === null) return null;
    const buckets = Number(bytesOf(stored).toString());
    counts.set(saleId, buckets);
    return buckets;
  }

  return {
    connection,
    keys,
    scripts: stockScripts(clock),
    run: runOne,
    runOnAll,
    count,
    learn: (saleId, buckets) => counts.set(saleId, buckets),
  };
}

export function bucketsUpTo(count: number): number[] {
  return Array.from({ length: count }, (_, bucket) => bucket);
}
