/** Addresses and networks of IP as lists of 16-bit groups: 2 for version 4, 8 for version 6. An
 * address of version 4 that was written as one of version 6 (::ffff:192.0.2.1) is one of version 4,
 * or it could be used to get past a list. */

export type IpAddress = readonly number[];

export interface IpNetwork {
  readonly address: IpAddress;
  /** Leading bits that an address in it shares. */
  readonly bits: number;
}

/** Null if it is no address: also for what others read differently, such as leading zeros. */
export function parseAddress(text: string): IpAddress | null {
  if (!text.includes(":")) return parseVersion4(text);
  const groups = parseVersion6(text);
  return groups !== null && isMapped(groups) ? groups.slice(6) : groups;
}

/** `address/bits`, or an address alone. Null if bits after those are set: then it is unclear what
 * was meant. */
export function parseNetwork(text: string): IpNetwork | null {
  const [first = "", length, ...more] = text.split("/");
  const address = parseAddress(first);
  if (address === null || more.length > 0) return null;
  const bits = length === undefined ? address.length * 16 : prefixLength(length, first, address);
  if (bits === null || bits > address.length * 16) return null;
  return masked(address, bits).every((group, at) => group === address[at])
    ? { address, bits }
    : null;
}

export function formatAddress(address: IpAddress): string {
  if (address.length === 2) {
    return address.flatMap((group) => [group >> 8, group & 255]).join(".");
  }
  const { start, length } = longestZeros(address);
  const text = (groups: IpAddress) => groups.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(address);
  return `${text(address.slice(0, start))}::${text(address.slice(start + length))}`;
}

export function formatNetwork({ address, bits }: IpNetwork): string {
  const alone = bits === address.length * 16;
  return alone ? formatAddress(address) : `${formatAddress(address)}/${bits}`;
}

/** Tells whether an address is in one of the networks, at the price of one look for each length of
 * prefix among them. */
export function networkSet(networks: readonly IpNetwork[]): (address: IpAddress) => boolean {
  const byLength = new Map<number, Set<string>>();
  for (const { address, bits } of networks) {
    const key = lengthKey(address, bits);
    byLength.set(key, (byLength.get(key) ?? new Set()).add(address.join()));
  }
  return (address) => {
    for (const [key, known] of byLength) {
      const bits = key % lengths;
      if (key !== lengthKey(address, bits)) continue;
      if (known.has(masked(address, bits).join())) return true;
    }
    return false;
  };
}

/** The first bits of an address, the others 0. */
export function masked(address: IpAddress, bits: number): IpAddress {
  return address.map((group, at) => {
    const kept = Math.min(16, Math.max(0, bits - at * 16));
    return group & ~(0xffff >> kept);
  });
}

const lengths = 129;

function lengthKey(address: IpAddress, bits: number): number {
  return address.length * lengths + bits;
}

function prefixLength(text: string, written: string, address: IpAddress): number | null {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return null;
  const mapped = address.length === 2 && written.includes(":");
  return mapped ? atLeast(Number(text) - 96, 0) : Number(text);
}

function atLeast(value: number, least: number): number | null {
  return value < least ? null : value;
}

function parseVersion4(text: string): IpAddress | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => octet.test(part))) return null;
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return [a * 256 + b, c * 256 + d];
}

const octet = /^(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/;

/** RFC 4291, 2.2; without a zone, which means nothing elsewhere. */
function parseVersion6(text: string): IpAddress | null {
  const halves = text.split("::");
  if (halves.length > 2 || (halves.length === 2 && halves[0]?.includes("."))) return null;
  const [head, tail] = [groupsOf(halves[0] ?? ""), groupsOf(halves[1] ?? "")];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : null;
  return missing < 1 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groupsOf(text: string): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  const embedded = last.includes(".") ? parseVersion4(last) : [];
  if (embedded === null) return null;
  const plain = embedded.length > 0 ? parts.slice(0, -1) : parts;
  if (!plain.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  return [...plain.map((part) => Number.parseInt(part, 16)), ...embedded];
}

function isMapped(groups: IpAddress): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

/** The first of the longest runs of zeros. */
function longestZeros(address: IpAddress): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  address.forEach((group, at) => {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  });
  return best;
}
