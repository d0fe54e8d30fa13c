/** What a shared bucket granted, by the clock of Redis, and whether it was ever too much. */
import type { RateLimit } from "../../src/domain/sale.ts";

export interface GrantEntry {
  readonly atMicros: number;
  readonly granted: number;
}

/** By how many tokens some window had more than rate·t + burst; 0 if none had. The fullest window
 * that ends with a grant is found on the way: what came before either counts or is as good as
 * forgotten. */
export function excessOf(log: readonly GrantEntry[], { perSecond, burst }: RateLimit): number {
  const entries = log.toSorted((a, b) => a.atMicros - b.atMicros);
  let over = 0;
  /** Of the fullest window that ends here: granted − rate·t, in millionths. */
  let fullest = 0;
  let before = entries[0]?.atMicros ?? 0;
  for (const { atMicros, granted } of entries) {
    fullest = Math.max(0, fullest - (atMicros - before) * perSecond) + granted * 1_000_000;
    over = Math.max(over, fullest - burst * 1_000_000);
    before = atMicros;
  }
  return over / 1_000_000;
}

export function grantedIn(log: readonly GrantEntry[]): number {
  return log.reduce((sum, { granted }) => sum + granted, 0);
}
