/** Token buckets by policy and key. */
import type { RateLimit } from "../domain/sale.ts";

export interface RateDecision {
  readonly granted: number;
  readonly remaining: number;
  /** Milliseconds until one more token is there; 0 if all were granted. */
  readonly retryAfterMs: number;
}

export interface RateLimiter {
  /** Takes up to `n` tokens of a bucket, which is full when first asked for; with n = 0 it only
   * looks. Over any t seconds at most perSecond·t + burst tokens are granted. */
  take(key: string, limit: RateLimit, n: number): RateDecision;
}
