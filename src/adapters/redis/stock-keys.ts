/** Where a sale's buckets are, and how scripts are run on them. */
import type { SaleId } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { RedisConnection, Reply, Value } from "./connection.ts";
import type { ScriptName } from "./scripts.ts";

/** Runs a script on a bucket. */
export type RunScript = (
  name: ScriptName,
  saleId: SaleId,
  bucket: number,
  args: readonly Value[],
) => Promise<Reply>;

export interface StockKeys {
  /** The hash of a bucket, in whose slot everything of the bucket is. */
  stock(saleId: SaleId, bucket: number): string;
  /** How many buckets a loaded sale has, or null. */
  buckets(saleId: SaleId): Promise<number | null>;
  noteBuckets(saleId: SaleId, buckets: number): void;
}

export function stockKeys(redis: RedisConnection, prefix: string): StockKeys {
  const counts = new Map<SaleId, number>();
  const stock = (saleId: SaleId, bucket: number) => `${prefix}{${saleId}:${bucket}}:stock`;

  function noteBuckets(saleId: SaleId, buckets: number): void {
    if (counts.size >= limits.saleDirectoryMax) counts.clear();
    counts.set(saleId, buckets);
  }

  async function buckets(saleId: SaleId): Promise<number | null> {
    const known = counts.get(saleId);
    if (known !== undefined) return known;
    const stored = await redis.command("hget", [stock(saleId, 0), "buckets"]);
    if (!(stored instanceof Buffer)) return null;
    noteBuckets(saleId, Number(stored));
    return Number(stored);
  }

  return { stock, buckets, noteBuckets };
}

export function everyBucket(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

/** One bucket's part of a whole, so that the parts add up. */
export function shareOf(whole: number, count: number, bucket: number): number {
  return Math.floor(whole / count) + (bucket < whole % count ? 1 : 0);
}
