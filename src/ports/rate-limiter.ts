/** Token buckets by policy and key, shared by all processes that have the same limiter. */
import type { BucketLimit, Policy } from "../domain/rate-limit.ts";

export type Admission = { readonly granted: true } | NotAdmitted;

/** `empty`: no token is left. `away`: whoever counts the tokens cannot be reached, and this process
 * is not to count by itself. */
export interface NotAdmitted {
  readonly granted: false;
  readonly why: "empty" | "away";
  /** Earliest, in milliseconds; there may be others who wait for the same. */
  readonly retryAfterMs: number;
  /** The rate that holds just now, of a limit that is adaptive. */
  readonly perSecond?: number;
}

export interface RateLimiter {
  /** Why `take` would be refused now, as far as this process knows without asking anybody, or null;
   * takes nothing. */
  known(policy: Policy, key: string, limit: BucketLimit): NotAdmitted | null;

  /** Takes a token of a bucket, which is full when first asked for. Over any t seconds, all
   * processes together grant at most perSecond·t + burst of one bucket. A limit that changes holds
   * from the next call on. Never rejects; answers at once where nobody needs to be asked. */
  take(policy: Policy, key: string, limit: BucketLimit): Admission | Promise<Admission>;
}

/** An adaptive limit as it is just now. */
export interface RateInForce {
  readonly perSecond: number;
  /** Tokens granted since it is adaptive, by all processes; begins anew if the store loses it. */
  readonly given: number;
}

export interface RateAdjuster {
  /** Lets an adaptive limit grant so many tokens a second from now on, within its floor and its
   * ceiling, whichever process asks; null leaves it as it is. Whoever asks under a limit that is
   * not adaptive makes it forgotten, and so may a store that loses it: say it again now and then.
   * Rejects if nobody knows whether it holds. */
  adjust(
    policy: Policy,
    key: string,
    limit: BucketLimit,
    perSecond: number | null,
  ): Promise<RateInForce>;
}

export const admitted: Admission = { granted: true };
