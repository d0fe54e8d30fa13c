// How many units of a sale were free at the least: all that it has for certain, less all that may
// have been held.

import type { AdminCall, SaleFact } from "./history.ts";
import type { Hold } from "./holds.ts";

/** The least that can have been free at some moment of a span: if that many were asked for and
 *  refused as sold out, the refusal is false. */
export type FreeUnits = (from: number, to: number) => number;

export function freeUnits(
  sale: SaleFact,
  admin: readonly AdminCall[],
  holds: Iterable<Hold>,
): FreeUnits {
  const changes = [...restocksOf(admin), ...[...holds].flatMap(changesOf)];
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  const times = changes.map(({ at }) => at);
  const levels: number[] = [];
  changes.reduce((level, { by }) => {
    levels.push(level + by);
    return level + by;
  }, sale.stock);

  return (from, to) => {
    const first = countUpTo(times, from);
    let least = levels[first - 1] ?? sale.stock;
    for (let at = first; at < times.length && (times[at] ?? 0) <= to; at += 1) {
      least = Math.min(least, levels[at] ?? 0);
    }
    return least;
  };
}

interface Change {
  readonly at: number;
  readonly by: number;
}

function changesOf({ from, to, quantity }: Hold): Change[] {
  const taken = { at: from, by: -quantity };
  return Number.isFinite(to) ? [taken, { at: to, by: quantity }] : [taken];
}

/** A key adds its units once, at the latest when that was answered. */
function restocksOf(admin: readonly AdminCall[]): Change[] {
  const done = admin.filter((call) => call.action === "restock" && call.outcome === "done");
  return [...Map.groupBy(done, ({ key }) => key).values()].map((ofKey) => ({
    at: Math.min(...ofKey.map(({ answeredAt }) => answeredAt)),
    by: ofKey[0]?.added ?? 0,
  }));
}

/** How many of the sorted times are at or before a moment. */
function countUpTo(times: readonly number[], moment: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
