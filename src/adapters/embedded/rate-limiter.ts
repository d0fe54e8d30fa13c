/** Token buckets in the memory of one process. */
import type { TokenBucket } from "../../domain/rate-limit.ts";
import { fullBucket, takeTokens } from "../../domain/rate-limit.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RateLimiter } from "../../ports/rate-limiter.ts";

export function embeddedRateLimiter(clock: Pick<Clock, "now">): RateLimiter {
  const buckets = new Map<string, TokenBucket>();
  return {
    take(key, limit, n) {
      const now = clock.now();
      const held = buckets.get(key) ?? fullBucket(limit, now);
      const { bucket, granted, remaining, retryAfterMs } = takeTokens(held, limit, n, now);
      if (n > 0) buckets.set(key, bucket);
      return { granted, remaining, retryAfterMs };
    },
  };
}
