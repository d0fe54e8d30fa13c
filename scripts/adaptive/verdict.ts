// What a run shows: how far the ledger fell behind, and how soon the rate was back.

import type { RunResult } from "./run.ts";

export interface Verdict {
  readonly ok: boolean;
  readonly worstLagMs: number;
  /** Lowest rate while MariaDB was slow; null if it was not adaptive. */
  readonly lowestPerSecond: number | null;
  /** From MariaDB at full speed to 90 % of the ceiling; null if that was not reached. */
  readonly backAfterMs: number | null;
  /** Orders accepted a second while MariaDB was slow. */
  readonly soldPerSecond: number;
  readonly faults: readonly string[];
}

const lagMaxMs = 1_000;
const backMaxMs = 10_000;
const backShare = 0.9;
/** Less, and the run shows nothing. */
const slowdownMin = 5;

export function verdictOf(result: RunResult): Verdict {
  const { plan, samples, slowedAtMs, restoredAtMs, audit, slowdown } = result;
  const hit = samples.filter(({ atMs }) => atMs >= slowedAtMs);
  const slow = hit.filter(({ atMs }) => atMs < restoredAtMs);
  const worstLagMs = Math.max(...hit.map(({ lagMs }) => lagMs));
  const rates = slow.flatMap(({ perSecond }) => perSecond ?? []);
  const lowestPerSecond = rates.length === 0 ? null : Math.min(...rates);
  const backAfterMs = plan.adaptive ? backAfter(result) : null;
  const sold = slow.reduce((sum, { accepted }) => sum + accepted, 0);
  const faults = [
    ...(audit.ok === true ? [] : ["the audit does not add up"]),
    ...(slowdown >= slowdownMin ? [] : [`MariaDB was only ${slowdown} times slower`]),
    ...(plan.adaptive ? missed(worstLagMs, backAfterMs, lowestPerSecond, plan.ceiling) : []),
  ];
  const soldPerSecond = Math.round(sold / Math.max(1, slow.length));
  const seen = { worstLagMs, lowestPerSecond, backAfterMs, soldPerSecond };
  return { ok: faults.length === 0, ...seen, faults };
}

function missed(
  worstLagMs: number,
  backAfterMs: number | null,
  lowest: number | null,
  ceiling: number,
): string[] {
  return [
    ...(worstLagMs < lagMaxMs ? [] : [`the ledger was ${worstLagMs} ms behind`]),
    ...(backAfterMs !== null && backAfterMs <= backMaxMs ? [] : ["the rate did not come back"]),
    ...(lowest !== null && lowest < ceiling / 2 ? [] : ["the rate was hardly lowered"]),
  ];
}

function backAfter({ plan, samples, restoredAtMs }: RunResult): number | null {
  const enough = plan.ceiling * backShare;
  const back = samples.find(
    ({ atMs, perSecond }) => atMs >= restoredAtMs && (perSecond ?? 0) >= enough,
  );
  return back === undefined ? null : back.atMs - restoredAtMs;
}
