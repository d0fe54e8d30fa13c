/** When a refused client may come back. */

/** Whole seconds: the wait, rounded up, and by chance one more, so that not all of them come at
 *  once. */
export function retryAfterSeconds(waitMs: number, random: () => number): number {
  return Math.max(1, Math.ceil(waitMs / 1000)) + (random() < 0.5 ? 0 : 1);
}
