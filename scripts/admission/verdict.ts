// What a run of the crowd says about the limiter: how much was granted, by the clock of Redis,
// compared with what the rate allows.

import { excessOf, grantedIn } from "../../test/support/grant-log.ts";
import type { GrantLine } from "./shop.ts";

export interface RateStep {
  readonly perSecond: number;
  /** From when on it holds, by our clock, which is Redis's, too. */
  readonly fromMicros: number;
}

export interface Verdict {
  readonly granted: number;
  readonly expected: number;
  /** Granted beyond what was expected, in percent. */
  readonly offPercent: number;
  /** Tokens by which the fullest window had more than rate·t + burst. */
  readonly excess: number;
  readonly callsPerSecond: number;
  readonly callsPerSecondOfNode: readonly number[];
  /** From a change of the rate until the last node asked by it, in milliseconds. */
  readonly adoptedAfterMs: readonly number[];
}

const million = 1_000_000;

export function verdictOf(
  log: readonly GrantLine[],
  steps: readonly RateStep[],
  burst: number,
  nodes: number,
): Verdict {
  const first = Math.min(...log.map(({ atMicros }) => atMicros));
  const last = Math.max(...log.map(({ atMicros }) => atMicros));
  const seconds = (last - first) / million;
  const expected =
    burst +
    steps.reduce((sum, step, at) => {
      const from = Math.max(first, step.fromMicros);
      return sum + (((steps[at + 1]?.fromMicros ?? last) - from) * step.perSecond) / million;
    }, 0);
  const granted = grantedIn(log);
  const ofNodes = Array.from({ length: nodes }, (_, node) =>
    Math.round(log.filter((line) => line.node === node).length / seconds),
  );
  return {
    granted,
    expected: Math.round(expected),
    offPercent: Number((((granted - expected) / expected) * 100).toFixed(3)),
    excess: Math.max(...steps.map((_, at) => excessDuring(log, steps, at, burst))),
    callsPerSecond: Math.round(log.length / seconds),
    callsPerSecondOfNode: ofNodes,
    adoptedAfterMs: steps.slice(1).map((step) => adoptedAfterMs(log, step, nodes)),
  };
}

/** While nodes learn of a change, both rates are in use, so the windows of a step reach until the
 *  last node has left it; the higher of its rate and the next one's bounds them. */
function excessDuring(
  log: readonly GrantLine[],
  steps: readonly RateStep[],
  at: number,
  burst: number,
): number {
  const step = steps[at];
  if (step === undefined) return 0;
  const before = log.filter(({ atMicros }) => atMicros < (steps[at + 1]?.fromMicros ?? Infinity));
  const during = before.filter(({ atMicros }) => atMicros >= step.fromMicros);
  const highest = Math.max(step.perSecond, steps[at - 1]?.perSecond ?? 0);
  const after = during.filter(({ perSecond }) => perSecond === step.perSecond);
  const alone = after.length === during.length;
  return excessOf(during, { perSecond: alone ? step.perSecond : highest, burst });
}

function adoptedAfterMs(log: readonly GrantLine[], step: RateStep, nodes: number): number {
  const firsts = Array.from({ length: nodes }, (_, node) =>
    Math.min(
      ...log
        .filter((line) => line.node === node && line.perSecond === step.perSecond)
        .map(({ atMicros }) => atMicros)
        .filter((atMicros) => atMicros >= step.fromMicros),
    ),
  );
  return Math.round((Math.max(...firsts) - step.fromMicros) / 1_000);
}
