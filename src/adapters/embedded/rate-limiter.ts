/** Token buckets in the memory of one process. */
import { limits } from "../../domain/limits.ts";
import {
  type BucketLimit,
  fullBucket,
  isFull,
  limitInForce,
  type Policy,
  policies,
  type TokenBucket,
  takeTokens,
} from "../../domain/rate-limit.ts";
import type { Clock } from "../../ports/clock.ts";
import {
  admitted,
  type NotAdmitted,
  type RateAdjuster,
  type RateLimiter,
} from "../../ports/rate-limiter.ts";

interface Held {
  bucket: TokenBucket;
  limit: BucketLimit;
  /** What an adaptive limit is lowered to; null: nothing. */
  adapted: number | null;
  /** Tokens granted since it is adaptive. */
  given: number;
}

type Buckets = Map<string, Held>;

export function embeddedRateLimiter(clock: Pick<Clock, "now">): RateLimiter & RateAdjuster {
  const byPolicy = Object.fromEntries(
    policies.map((policy) => [policy, new Map<string, Held>()]),
  ) as Record<Policy, Buckets>;
  const nowMicros = () => clock.now() * 1_000;

  return {
    known(policy, key, limit) {
      const held = byPolicy[policy].get(key);
      if (held === undefined) return null;
      const inForce = limitInForce(limit, held.adapted);
      const { remaining, retryAfterMs } = takeTokens(held.bucket, inForce, 0, nowMicros());
      return remaining > 0 ? null : empty(limit, inForce.perSecond, retryAfterMs);
    },

    take(policy, key, limit) {
      const now = nowMicros();
      const held = heldIn(byPolicy[policy], key, limit, now);
      const { granted, retryAfterMs, inForce } = takeFrom(held, limit, 1, now);
      return granted === 1 ? admitted : empty(limit, inForce.perSecond, retryAfterMs);
    },

    async adjust(policy, key, limit, perSecond) {
      const now = nowMicros();
      const held = heldIn(byPolicy[policy], key, limit, now);
      takeFrom(held, limit, 0, now);
      if (limit.adaptive && perSecond !== null) held.adapted = perSecond;
      return { perSecond: limitInForce(limit, held.adapted).perSecond, given: held.given };
    },
  };
}

const notAdapted = { adapted: null, given: 0 };

/** Time counts at the rate that held while it passed. */
function takeFrom(held: Held, limit: BucketLimit, n: number, nowMicros: number) {
  if (!limit.adaptive) Object.assign(held, notAdapted);
  const inForce = limitInForce(limit, held.adapted);
  const grant = takeTokens(held.bucket, inForce, n, nowMicros);
  held.bucket = grant.bucket;
  held.limit = limit;
  if (limit.adaptive) held.given += grant.granted;
  return { ...grant, inForce };
}

function empty({ adaptive }: BucketLimit, perSecond: number, retryAfterMs: number): NotAdmitted {
  const refused = { granted: false, why: "empty", retryAfterMs } as const;
  return adaptive ? { ...refused, perSecond } : refused;
}

function heldIn(buckets: Buckets, key: string, limit: BucketLimit, nowMicros: number): Held {
  const known = buckets.get(key);
  if (known !== undefined) return known;
  if (buckets.size >= limits.limiterBucketsMax) makeRoom(buckets, nowMicros);
  const held = { bucket: fullBucket(limit, nowMicros), limit, ...notAdapted };
  buckets.set(key, held);
  return held;
}

/** Forgets what is full, since it would be full when it is asked for again; and if that is not
 * enough, the half that was first asked for longest ago: somebody floods us with keys, and may have
 * a full bucket with each in any case. */
function makeRoom(buckets: Buckets, nowMicros: number): void {
  for (const [key, { bucket, limit, adapted }] of buckets) {
    if (adapted === null && isFull(bucket, limit, nowMicros)) buckets.delete(key);
  }
  const most = limits.limiterBucketsMax / 2;
  for (const key of buckets.keys()) {
    if (buckets.size <= most) return;
    buckets.delete(key);
  }
}
