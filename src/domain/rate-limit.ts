/** The token bucket: `perSecond` tokens a second, never more than `burst` saved up. Counted in
 * millionths of a token, of which a rate of r tokens a second brings r in each microsecond: whole
 * numbers all the way, and below 2^53. So over any t seconds at most rate·t + burst are granted, to
 * the token. scripts/take-tokens.lua does the same. */
import type { RateLimit, SaleRate } from "./sale.ts";

/** Who is limited: an address, a buyer, a sale, or everybody together. In this order, so that
 * whoever is refused takes nothing from those that come after. */
export const policies = ["ip", "buyer", "sale", "global"] as const;
export type Policy = (typeof policies)[number];

/** What a bucket is asked under. Only a sale's rate may be adaptive. */
export type BucketLimit = RateLimit & Partial<Pick<SaleRate, "adaptive">>;

export interface TokenBucket {
  readonly millionths: number;
  /** Microseconds since 1970. */
  readonly atMicros: number;
}

export interface Grant {
  readonly bucket: TokenBucket;
  readonly granted: number;
  /** Whole tokens left. */
  readonly remaining: number;
  /** Milliseconds until one more token is there; 0 if all were granted. */
  readonly retryAfterMs: number;
}

/** What one of several that share a limit may grant by itself: every token of its bucket counts as
 * one of each. A burst that is smaller than their number is one token for each. */
export interface Share extends RateLimit {
  readonly sharers: number;
}

const token = 1_000_000;
/** A clock that is set back adds nothing. By more than this it is believed, or a bucket that was
 * empty would stay so for as long as the clock was wrong. */
export const clockStepMaxMicros = 5_000_000;

export function fullBucket(limit: RateLimit, nowMicros: number): TokenBucket {
  return { millionths: limit.burst * token, atMicros: nowMicros };
}

/** The limit that holds while an adaptive rate is lowered to `adapted`; null: it is not. The burst
 * shrinks with it, or what a calm minute saved up would come down on a back end that is slow by
 * now. */
export function limitInForce(limit: BucketLimit, adapted: number | null): RateLimit {
  if (!limit.adaptive || adapted === null) return limit;
  const { perSecond: ceiling, burst, adaptive } = limit;
  const perSecond = Math.min(Math.max(adapted, adaptive.floorPerSecond), ceiling);
  return { perSecond, burst: Math.ceil((burst * perSecond) / ceiling) };
}

export function shareOf({ perSecond, burst }: RateLimit, sharers: number): Share {
  return { perSecond, burst: Math.max(burst, sharers), sharers };
}

/** Takes up to `n` tokens; with n = 0 it only looks. */
export function takeTokens(
  bucket: TokenBucket,
  limit: RateLimit & Partial<Share>,
  n: number,
  nowMicros: number,
): Grant {
  const price = token * (limit.sharers ?? 1);
  const { millionths, atMicros } = filled(bucket, limit, nowMicros);
  const granted = Math.min(n, Math.floor(millionths / price));
  const left = millionths - granted * price;
  const short = granted < n || (n === 0 && left < price);
  return {
    bucket: { millionths: left, atMicros },
    granted,
    remaining: Math.floor(left / price),
    retryAfterMs: short ? Math.ceil(Math.ceil((price - left) / limit.perSecond) / 1_000) : 0,
  };
}

/** Whether nothing would be lost if the bucket were forgotten. */
export function isFull(bucket: TokenBucket, limit: RateLimit, nowMicros: number): boolean {
  return filled(bucket, limit, nowMicros).millionths === limit.burst * token;
}

/** Time beyond what fills it is left out first: rate times years would not be exact. */
function filled(bucket: TokenBucket, limit: RateLimit, nowMicros: number): TokenBucket {
  const capacity = limit.burst * token;
  const held = Math.min(bucket.millionths, capacity);
  const elapsed = nowMicros - bucket.atMicros;
  if (elapsed < -clockStepMaxMicros) return { millionths: held, atMicros: nowMicros };
  if (elapsed <= 0) return { millionths: held, atMicros: bucket.atMicros };
  const full = elapsed >= (capacity - held) / limit.perSecond;
  const millionths = full ? capacity : held + elapsed * limit.perSecond;
  return { millionths, atMicros: nowMicros };
}
