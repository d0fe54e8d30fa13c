/** Seeded chance, so that a crowd that found a bug can be sent again. The generator is
 *  mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for who retries and
 *  who is greedy. */

export type Random = () => number;

/** Numbers in [0, 1) that depend on the seed alone. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
