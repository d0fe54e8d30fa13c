/** The token bucket: `perSecond` tokens a second, never more than `burst` saved up. Exact: tokens
 * are computed from elapsed time when somebody asks, so over any t seconds at most rate·t +
 * burst are granted. */
import type { Instant } from "./ids.ts";
import type { RateLimit } from "./sale.ts";

export interface TokenBucket {
  readonly tokens: number;
  readonly at: Instant;
}

export interface Grant {
  readonly bucket: TokenBucket;
  readonly granted: number;
  /** Whole tokens left. */
  readonly remaining: number;
  /** Milliseconds until one more token is there; 0 if all were granted. */
  readonly retryAfterMs: number;
}

export function fullBucket(limit: RateLimit, now: Instant): TokenBucket {
  return { tokens: limit.burst, at: now };
}

/** Takes up to `n` tokens; with n = 0 it only looks. A clock that steps back adds nothing. */
export function takeTokens(bucket: TokenBucket, limit: RateLimit, n: number, now: Instant): Grant {
  const elapsedMs = Math.max(0, now - bucket.at);
  const at = elapsedMs > 0 ? now : bucket.at;
  const tokens = Math.min(limit.burst, bucket.tokens + (elapsedMs * limit.perSecond) / 1000);
  const granted = Math.min(n, Math.floor(tokens));
  const left = tokens - granted;
  const short = granted < n || (n === 0 && left < 1);
  return {
    bucket: { tokens: left, at },
    granted,
    remaining: Math.floor(left),
    retryAfterMs: short ? Math.ceil(((1 - left) * 1000) / limit.perSecond) : 0,
  };
}
