/** Token buckets in Redis, shared by all processes. Each process asks for all of its requests that
 * wait, and for several buckets at once. */
import { limits } from "../../domain/limits.ts";
import { type BucketLimit, type Policy, policies } from "../../domain/rate-limit.ts";
import { present } from "../../lib/assert.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Admission, RateAdjuster, RateLimiter } from "../../ports/rate-limiter.ts";
import type { RedisConnection } from "./connection.ts";
import { tokenKey } from "./keys.ts";
import { type AwayPlan, ownCount } from "./own-count.ts";
import { type Taken, tokenBuckets } from "./token-buckets.ts";
import { heed, isIdle, type Line, newLine, refusalOf } from "./token-line.ts";
import { type RoundCounts, tokenRounds } from "./token-rounds.ts";

export interface SharedLimiterOptions {
  readonly connection: Pick<RedisConnection, "send" | "together">;
  readonly clock: Pick<Clock, "elapsed" | "after" | "soon">;
  readonly prefix: string;
  readonly away: AwayPlan;
  /** Hears of every answer of a bucket. */
  readonly granted?: (policy: Policy, key: string, taken: Taken) => void;
  /** A Lua function `micros()`; the server's clock if there is none. */
  readonly serverClock?: string;
}

export interface SharedLimiter extends RateLimiter, RateAdjuster {
  counts(): RoundCounts;
}

export function redisRateLimiter(options: SharedLimiterOptions): SharedLimiter {
  const { clock, prefix, granted } = options;
  const lines = linesOf(prefix, clock);
  const own = ownCount(options.away, clock);
  const buckets = tokenBuckets(options.connection, options.serverClock);
  const rounds = tokenRounds({
    buckets,
    clock,
    own,
    idle: lines.forget,
    granted: granted ?? (() => undefined),
  });

  function take(policy: Policy, key: string, limit: BucketLimit): Admission | Promise<Admission> {
    const line = lines.of(policy, key, limit);
    const now = clock.elapsed();
    heed(line, limit);
    if (now < line.awayUntilMs) return own.take(line);
    const refusal = refusalOf(line, now);
    if (refusal !== null) return refusal;
    return new Promise((resolve) => {
      line.waiting.push(resolve);
      rounds.wake(line, now);
    });
  }

  const known: RateLimiter["known"] = (policy, key, limit) => {
    const line = lines.known(policy, key);
    if (line === undefined) return null;
    const now = clock.elapsed();
    heed(line, limit);
    return now < line.awayUntilMs ? own.known(line) : refusalOf(line, now);
  };

  const adjust: RateAdjuster["adjust"] = async (policy, name, limit, lower) => {
    const key = tokenKey(prefix, policy, name);
    const [taken] = await buckets.take([{ key, limit, n: 0, lower }]);
    const { perSecond, given } = present(taken, "a script answers for every bucket");
    return { perSecond, given };
  };

  return { take, known, adjust, counts: rounds.counts };
}

interface Lines {
  known(policy: Policy, key: string): Line | undefined;
  of(policy: Policy, key: string, limit: BucketLimit): Line;
  forget(line: Line): void;
}

function linesOf(prefix: string, clock: Pick<Clock, "elapsed">): Lines {
  const byPolicy = Object.fromEntries(
    policies.map((policy) => [policy, new Map<string, Line>()]),
  ) as Record<Policy, Map<string, Line>>;

  return {
    known: (policy, key) => byPolicy[policy].get(key),
    of(policy, key, limit) {
      const lines = byPolicy[policy];
      const known = lines.get(key);
      if (known !== undefined) return known;
      if (lines.size >= limits.limiterBucketsMax) forgetIdle(lines, clock.elapsed());
      const line = newLine(policy, key, tokenKey(prefix, policy, key), limit);
      lines.set(key, line);
      return line;
    },
    forget: ({ policy, name }) => void byPolicy[policy].delete(name),
  };
}

function forgetIdle(lines: Map<string, Line>, nowMs: number): void {
  for (const [name, line] of lines) if (isIdle(line, nowMs)) lines.delete(name);
}
