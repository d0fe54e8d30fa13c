/** MurmurHash2 (Appleby 2008) as Kafka's own partitioner uses it, so that every client finds a
 * buyer in the same partition. The library's works on big integers, which costs as much as all the
 * rest of a message. */

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;

/** The partition of a key among `partitions`. */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

export function murmur2(bytes: Uint8Array): number {
  const whole = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < whole; at += 4) hash = Math.imul(hash, multiplier) ^ mixed(bytes, at);
  for (let at = bytes.length - 1; at >= whole; at -= 1) {
    hash ^= (bytes[at] as number) << ((at - whole) * 8);
    if (at === whole) hash = Math.imul(hash, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return hash ^ (hash >>> 15);
}

function mixed(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as number[];
  const word = (a as number) | ((b as number) << 8) | ((c as number) << 16) | ((d as number) << 24);
  const product = Math.imul(word, multiplier);
  return Math.imul(product ^ (product >>> 24), multiplier);
}
