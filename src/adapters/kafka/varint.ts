/** Variable-length integers as Kafka's records have them: zigzag, then seven bits a byte, the
 * lowest first (https://kafka.apache.org/documentation/#recordformat). */

/** Bytes that a number from −2³⁰ to 2³⁰ takes. */
export function varintLength(value: number): number {
  let rest = zigzag(value);
  let length = 1;
  while (rest > 127) {
    rest >>>= 7;
    length += 1;
  }
  return length;
}

/** Writes the number and returns the place after it. */
export function writeVarint(target: Uint8Array, value: number, at: number): number {
  let rest = zigzag(value);
  let place = at;
  while (rest > 127) {
    target[place] = (rest & 127) | 128;
    rest >>>= 7;
    place += 1;
  }
  target[place] = rest;
  return place + 1;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
