/** Token buckets by policy and key, shared by all processes that have the same limiter. */
import type { Policy } from "../domain/rate-limit.ts";
import type { RateLimit } from "../domain/sale.ts";

export type Admission = { readonly granted: true } | NotAdmitted;

/** `empty`: no token is left. `away`: whoever counts the tokens cannot be reached, and this process
 * is not to count by itself. */
export interface NotAdmitted {
  readonly granted: false;
  readonly why: "empty" | "away";
  /** Earliest, in milliseconds; there may be others who wait for the same. */
  readonly retryAfterMs: number;
}

export interface RateLimiter {
  /** Why `take` would be refused now, as far as this process knows without asking anybody, or null;
   * takes nothing. */
  known(policy: Policy, key: string, limit: RateLimit): NotAdmitted | null;

  /** Takes a token of a bucket, which is full when first asked for. Over any t seconds, all
   * processes together grant at most perSecond·t + burst of one bucket. A limit that changes holds
   * from the next call on. Never rejects; answers at once where nobody needs to be asked. */
  take(policy: Policy, key: string, limit: RateLimit): Admission | Promise<Admission>;
}

export const admitted: Admission = { granted: true };
