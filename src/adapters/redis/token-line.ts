/** Those of one process who wait for tokens of one shared bucket. While tokens are there it is
 * asked as often as it answers, each time for all who wait. Once it is short of them it is left
 * alone for a while, and no more may wait than twice as many as it gave last: few wait in vain,
 * and twice as many may wait after each answer that gave all that was asked for. */
import { limits } from "../../domain/limits.ts";
import type { BucketLimit, Policy, TokenBucket } from "../../domain/rate-limit.ts";
import { type Admission, admitted, type NotAdmitted } from "../../ports/rate-limiter.ts";
import type { Taken } from "./token-buckets.ts";

export type Waiter = (admission: Admission) => void;

/** All times are those of a clock that goes at an even pace. */
export interface Line {
  readonly policy: Policy;
  readonly name: string;
  /** In Redis. */
  readonly key: string;
  limit: BucketLimit;
  /** What an adaptive limit is lowered to, as far as this process knows. */
  adapted: number | null;
  waiting: Waiter[];
  /** For whom tokens are being asked for. */
  asking: readonly Waiter[];
  /** How many may wait. */
  most: number;
  /** It is not asked before. */
  opensAtMs: number;
  /** Whether somebody was turned away since the last answer. */
  turnedAway: boolean;
  /** Whether somebody wakes it when it opens. */
  alarmed: boolean;
  /** Redis did not answer; it is not tried before. */
  awayUntilMs: number;
  /** What this process may grant by itself meanwhile. */
  share: TokenBucket | null;
}

export function newLine(policy: Policy, name: string, key: string, limit: BucketLimit): Line {
  return {
    ...{ policy, name, key, limit, adapted: null },
    ...{ waiting: [], asking: [], most: limits.limiterQueueMax, opensAtMs: 0, turnedAway: false },
    ...{ alarmed: false, awayUntilMs: 0, share: null },
  };
}

/** A limit that changed may have tokens for everybody. */
export function heed(line: Line, limit: BucketLimit): void {
  if (line.limit === limit) return;
  const before = line.limit;
  line.limit = limit;
  const same = limit.perSecond === before.perSecond && limit.burst === before.burst;
  if (same && !limit.adaptive === !before.adaptive) return;
  if (!limit.adaptive) line.adapted = null;
  line.opensAtMs = 0;
  line.most = limits.limiterQueueMax;
}

/** Why nobody else may wait, or null. */
export function refusalOf(line: Line, nowMs: number): NotAdmitted | null {
  const waitMs = line.opensAtMs - nowMs;
  if (waitMs <= limits.limiterPauseMs && line.waiting.length < line.most) return null;
  line.turnedAway = true;
  return empty(line, Math.max(waitMs, limits.limiterPauseMs));
}

/** Serves those for whom tokens were asked for, in the order in which they came, and says whether
 * the line has to be asked again at once. */
export function served(line: Line, taken: Taken, nowMs: number): boolean {
  const { granted, retryAfterMs, perSecond } = taken;
  const { asking } = line;
  line.adapted = line.limit.adaptive ? perSecond : null;
  line.asking = [];
  line.share = null;
  const short = granted < asking.length;
  pace(line, granted, short ? retryAfterMs : 0, short || line.turnedAway, nowMs);
  asking.forEach((waiter, at) => {
    waiter(at < granted ? admitted : empty(line, Math.max(retryAfterMs, limits.limiterPauseMs)));
  });
  return line.waiting.length > 0;
}

function pace(
  line: Line,
  granted: number,
  retryAfterMs: number,
  scarce: boolean,
  nowMs: number,
): void {
  line.turnedAway = false;
  line.most = scarce ? Math.max(1, 2 * granted) : limits.limiterQueueMax;
  line.opensAtMs = scarce ? nowMs + Math.max(limits.limiterPauseMs, retryAfterMs) : 0;
  const waitMs = line.opensAtMs - nowMs;
  const left = waitMs > limits.limiterPauseMs ? 0 : line.most;
  for (const waiter of line.waiting.splice(left)) {
    line.turnedAway = true;
    waiter(empty(line, waitMs));
  }
}

/** Nobody waits, and nothing needs to be remembered. */
export function isIdle(line: Line, nowMs: number): boolean {
  const quiet = line.waiting.length === 0 && line.asking.length === 0;
  return quiet && line.opensAtMs <= nowMs && line.awayUntilMs <= nowMs;
}

function empty({ adapted }: Line, waitMs: number): NotAdmitted {
  const refused = { granted: false, why: "empty", retryAfterMs: Math.ceil(waitMs) } as const;
  return adapted === null ? refused : { ...refused, perSecond: adapted };
}
