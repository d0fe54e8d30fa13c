/** Chance from a seed: sfc32 (Chris Doty-Humphrey's Small Fast Counter). Each use has a stream of
 *  its own, named, so that leaving something out of a run changes nothing else by itself. */

export interface Random {
  /** From 0 up to, but not, 1. */
  next(): number;
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Another stream, which goes its own way. */
  stream(name: string): Random;
}

export function random(seed: string): Random {
  let [a, b, c] = [hashOf(`${seed}/a`), hashOf(`${seed}/b`), hashOf(`${seed}/c`)];
  let count = 1;

  function next(): number {
    const t = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 2 ** 32;
  }

  for (let warm = 0; warm < 12; warm += 1) next();
  return {
    next,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
    stream: (name) => random(`${seed}/${name}`),
  };
}

/** FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash | 0;
}
