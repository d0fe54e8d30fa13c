/** A set that may say "maybe" wrongly but never "no" (Bloom 1970), one hash made into four probes
 *  (Kirsch and Mitzenmacher 2006). */
import { assert } from "./assert.ts";

export interface BloomFilter {
  add(key: string): void;
  /** False only if the key was never added. */
  mayHave(key: string): boolean;
}

const probes = 4;

/** `bits` is a power of two, at most 2³². */
export function bloomFilter(bits: number): BloomFilter {
  assert(Number.isInteger(Math.log2(bits)) && bits >= 32, "a filter needs a power of two of bits");
  const words = new Uint32Array(bits / 32);
  const mask = bits - 1;

  function add(key: string): void {
    let at = Bun.hash.xxHash32(key);
    const step = stepOf(at);
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = (at & mask) >>> 0;
      words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
      at = (at + step) | 0;
    }
  }

  function mayHave(key: string): boolean {
    let at = Bun.hash.xxHash32(key);
    const step = stepOf(at);
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = (at & mask) >>> 0;
      if (((words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      at = (at + step) | 0;
    }
    return true;
  }

  return { add, mayHave };
}

/** The second hash, from the first (2³² divided by the golden ratio spreads it); odd, so that
 * probes differ. */
function stepOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) | 1;
}
