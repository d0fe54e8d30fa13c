/** Token buckets in the memory of one process. */
import { limits } from "../../domain/limits.ts";
import {
  fullBucket,
  isFull,
  type Policy,
  policies,
  type TokenBucket,
  takeTokens,
} from "../../domain/rate-limit.ts";
import type { RateLimit } from "../../domain/sale.ts";
import type { Clock } from "../../ports/clock.ts";
import { admitted, type NotAdmitted, type RateLimiter } from "../../ports/rate-limiter.ts";

interface Held {
  bucket: TokenBucket;
  limit: RateLimit;
}

type Buckets = Map<string, Held>;

export function embeddedRateLimiter(clock: Pick<Clock, "now">): RateLimiter {
  const byPolicy = Object.fromEntries(
    policies.map((policy) => [policy, new Map<string, Held>()]),
  ) as Record<Policy, Buckets>;
  const nowMicros = () => clock.now() * 1_000;

  return {
    known(policy, key, limit) {
      const held = byPolicy[policy].get(key);
      if (held === undefined) return null;
      const { remaining, retryAfterMs } = takeTokens(held.bucket, limit, 0, nowMicros());
      return remaining > 0 ? null : empty(retryAfterMs);
    },

    take(policy, key, limit) {
      const now = nowMicros();
      const held = heldIn(byPolicy[policy], key, limit, now);
      const { bucket, granted, retryAfterMs } = takeTokens(held.bucket, limit, 1, now);
      held.bucket = bucket;
      held.limit = limit;
      return granted === 1 ? admitted : empty(retryAfterMs);
    },
  };
}

function empty(retryAfterMs: number): NotAdmitted {
  return { granted: false, why: "empty", retryAfterMs };
}

function heldIn(buckets: Buckets, key: string, limit: RateLimit, nowMicros: number): Held {
  const known = buckets.get(key);
  if (known !== undefined) return known;
  if (buckets.size >= limits.limiterBucketsMax) makeRoom(buckets, nowMicros);
  const held = { bucket: fullBucket(limit, nowMicros), limit };
  buckets.set(key, held);
  return held;
}

/** Forgets what is full, since it would be full when it is asked for again; and if that is not
 * enough, the half that was first asked for longest ago: somebody floods us with keys, and may have
 * a full bucket with each in any case. */
function makeRoom(buckets: Buckets, nowMicros: number): void {
  for (const [key, { bucket, limit }] of buckets) {
    if (isFull(bucket, limit, nowMicros)) buckets.delete(key);
  }
  const most = limits.limiterBucketsMax / 2;
  for (const key of buckets.keys()) {
    if (buckets.size <= most) return;
    buckets.delete(key);
  }
}
