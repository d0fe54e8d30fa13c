/** The slot of a key in a Redis cluster: CRC-16/XMODEM of the key or of its tag, modulo 16384
 * (redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec). */
export const slotCount = 16_384;

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** Keys are ASCII. */
export function slotOf(key: string): number {
  const tag = tagOf(key);
  let crc = 0;
  for (let at = 0; at < tag.length; at += 1) {
    crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ tag.charCodeAt(at)) & 0xff] ?? 0);
  }
  return crc % slotCount;
}

function tagOf(key: string): string {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key;
}
