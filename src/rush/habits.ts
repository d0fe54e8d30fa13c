/** Who in the crowd insists and who is greedy: decided by the seed and the buyer's number alone,
 *  not by timing, so that the same seed sends the same crowd again. */
import { seededRandom } from "./random.ts";

/** When a buyer does something besides buying: before the first answer is there, after it, or
 *  never. */
export type Moment = "at-once" | "afterwards" | "never";

export interface Habits {
  /** Sends the same request again. */
  readonly repeats: Moment;
  /** Tries for more units with new keys. */
  readonly grabs: Moment;
}

export interface Shares {
  readonly seed: number;
  readonly retryShare: number;
  readonly greedyShare: number;
}

export function habitsOf(buyer: number, { seed, retryShare, greedyShare }: Shares): Habits {
  // Neighbouring seeds give unrelated generators only if their bits are spread (Knuth's
  // multiplier).
  const random = seededRandom(Math.imul(buyer + 1, 2654435761) ^ seed);
  return { repeats: momentOf(random(), retryShare), grabs: momentOf(random(), greedyShare) };
}

/** Half of those who do it do not wait for the answer: requests that are under way at once must
 *  join. */
function momentOf(chance: number, share: number): Moment {
  if (chance < share / 2) return "at-once";
  return chance < share ? "afterwards" : "never";
}
