/** A ledger in a rush, counted millisecond by millisecond: orders come at the rate that is in
 * force, wait in a log and are placed in batches; in the middle the ledger is slow for a while. */
import { adapt, beginAdapting } from "../../src/domain/adaptive-rate.ts";
import { seededRandom } from "../../src/rush/random.ts";

export interface Rush {
  readonly ceiling: number;
  readonly floor: number;
  readonly lagTargetMs: number;
  /** What the ledger places while it is slow; ten times that before and after. */
  readonly slowPerSecond: number;
  readonly adaptive: boolean;
  readonly seed: number;
}

const [slowFrom, slowUntil, endMs] = [3_000, 18_000, 30_000];
const batchMax = 500;

export function rushedLedger(rush: Rush) {
  const guard = guardOf(rush);
  const waiting: number[] = [];
  let [batch, doneAt, due] = [[] as number[], 0, 0];
  let [worstLagMs, placed, backAfterMs] = [0, 0, Number.POSITIVE_INFINITY];
  for (let now = 0; now < endMs; now += 1) {
    const slow = now >= slowFrom && now < slowUntil;
    for (due += guard.inForce() / 1_000; due >= 1; due -= 1) waiting.push(now);
    if (batch.length > 0 && now >= doneAt) {
      if (slow) placed += batch.length;
      batch = [];
    }
    if (batch.length === 0 && waiting.length > 0) {
      batch = waiting.splice(0, batchMax);
      const perSecond = rush.slowPerSecond * (slow ? 1 : 10);
      doneAt = now + (slow ? 20 : 2) + (batch.length * 1_000) / perSecond;
    }
    const lagMs = now - (batch[0] ?? waiting[0] ?? now);
    worstLagMs = Math.max(worstLagMs, lagMs);
    guard.tick(now, { ms: lagMs, messages: batch.length + waiting.length });
    if (now >= slowUntil && guard.inForce() >= 0.9 * rush.ceiling) {
      backAfterMs = Math.min(backAfterMs, now - slowUntil);
    }
  }
  const placedPerSecond = (placed * 1_000) / (slowUntil - slowFrom);
  return { worstLagMs, backAfterMs, placedPerSecond };
}

/** Looks ten times a second, and what it says holds a little later. */
function guardOf({ ceiling, floor, lagTargetMs, adaptive, seed }: Rush) {
  const random = seededRandom(seed);
  const targets = { floorPerSecond: floor, lagTargetMs, reserveTargetMs: 50 };
  const terms = { perSecond: ceiling, burst: ceiling, adaptive: targets };
  let state = beginAdapting(ceiling, ceiling, 0);
  let [inForce, looksAt, saidAt] = [ceiling, 100, Number.POSITIVE_INFINITY];

  function tick(now: number, lag: { ms: number; messages: number }): void {
    if (now === saidAt) inForce = Math.floor(state.perSecond);
    if (!adaptive || now < looksAt) return;
    const seen = { lag, reserveMs: 1, takenPerSecond: inForce };
    state = adapt(state, terms, seen, now).next;
    saidAt = now + 1 + Math.floor(random() * 30);
    looksAt = saidAt + 100;
  }

  return { tick, inForce: () => inForce };
}
