/** A bucket that ran dry gets units from the others, so that a sale sells to its last unit
 * wherever its buyers hash to. Sold out is said only when two looks at all buckets agree that
 * nothing is left, and nothing changed between them: then it was true at every moment in
 * between. */
import type { SaleId, Units } from "../domain/ids.ts";
import { units } from "../domain/ids.ts";
import type { BucketLevel, StockStore, Transfer } from "../ports/stock-store.ts";

export interface RefillDeps {
  readonly stock: Pick<StockStore, "buckets" | "send" | "receive">;
}

/** `refilled`: the bucket may have `wanted` units now. `contended`: others kept changing the
 * buckets. */
export type Refill = "refilled" | "sold-out" | "not-loaded" | "contended";

/** Looks at the buckets before it gives up. */
const looksMax = 12;

export async function refill(
  deps: RefillDeps,
  saleId: SaleId,
  bucket: number,
  wanted: Units,
): Promise<Refill> {
  let last: readonly BucketLevel[] | null = null;
  for (let look = 0; look < looksMax; look += 1) {
    const levels = await deps.stock.buckets(saleId);
    if (levels === null) return "not-loaded";
    const here = levels[bucket];
    if (here === undefined) return "sold-out";
    const open = levels.flatMap((level) => level.outgoing);
    if (open.length > 0) {
      await Promise.all(open.map((transfer) => deps.stock.receive(saleId, transfer)));
      last = null;
    } else if (here.remaining >= wanted) {
      return "refilled";
    } else if (sum(levels) >= wanted) {
      await bring(deps, saleId, levels, bucket, wanted);
      last = null;
    } else {
      if (last !== null && unchanged(last, levels)) return "sold-out";
      last = levels;
    }
  }
  return "contended";
}

/** Half of what the richest bucket has, so that a few moves even the buckets out, but no less than
 * is wanted. */
async function bring(
  deps: RefillDeps,
  saleId: SaleId,
  levels: readonly BucketLevel[],
  to: number,
  wanted: Units,
): Promise<void> {
  const from = richest(levels, to);
  const there = levels[from]?.remaining ?? 0;
  const missing = wanted - (levels[to]?.remaining ?? 0);
  const share = Math.max(missing, Math.floor(there / 2));
  const sent = await deps.stock.send(saleId, from, to, units(Math.min(share, there)));
  if (sent !== null) await deps.stock.receive(saleId, sent);
}

function richest(levels: readonly BucketLevel[], except: number): number {
  let best = except === 0 ? 1 : 0;
  levels.forEach(({ remaining }, at) => {
    if (at !== except && remaining > (levels[best]?.remaining ?? 0)) best = at;
  });
  return best;
}

function sum(levels: readonly BucketLevel[]): number {
  return levels.reduce((total, level) => total + level.remaining, 0);
}

function unchanged(a: readonly BucketLevel[], b: readonly BucketLevel[]): boolean {
  return a.every((level, at) => {
    const other = b[at];
    return level.epoch === other?.epoch && level.changes === other.changes;
  });
}

/** Transfers that a process left behind: whoever finds them finishes them. */
export async function finishTransfers(deps: RefillDeps, saleId: SaleId): Promise<Transfer[]> {
  const levels = await deps.stock.buckets(saleId);
  const open = (levels ?? []).flatMap((level) => level.outgoing);
  await Promise.all(open.map((transfer) => deps.stock.receive(saleId, transfer)));
  return open;
}
