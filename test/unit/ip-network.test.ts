// Addresses and networks of IP: what is one, how it is written, what is in it.

import { describe, expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import {
  formatAddress,
  formatNetwork,
  masked,
  networkSet,
  parseAddress,
  parseNetwork,
} from "../../src/lib/ip-network.ts";

const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const version4 = fc.array(group, { minLength: 2, maxLength: 2 });
const version6 = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .filter((groups) => groups.slice(0, 6).join() !== "0,0,0,0,0,65535");
const address = fc.oneof(version4, version6);

describe("an address", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(address, (groups) => {
        expect(isIP(formatAddress(groups))).toBe(groups.length === 2 ? 4 : 6);
        expect(parseAddress(formatAddress(groups))).toEqual(groups);
        expect(
          parseAddress(new URL(url(formatAddress(groups))).hostname.replace(/[[\]]/g, "")),
        ).toEqual(groups);
      }),
    );
  });

  test("is read from no other text", () => {
    const character = fc.constantFrom(..."012abf:::..../ ");
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 30 }), (text) => {
        expect(parseAddress(text) !== null).toBe(isIP(text) !== 0);
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["2001:DB8::1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["::", "::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ])("%s is written %s", (text, written) => {
    expect(formatAddress(parseAddress(text) ?? [])).toBe(written);
  });

  test.each([
    "",
    "1.2.3",
    "01.2.3.4",
    "1.2.3.256",
    "1::2::3",
    "1:2",
    "::1%eth0",
    "localhost",
    "1.2.3.4:80",
  ])("%p is none", (text) => {
    expect(parseAddress(text)).toBeNull();
  });
});

describe("a network", () => {
  test.each([
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::/0", "::/0"],
  ])("%s is written %s", (text, written) => {
    const network = parseNetwork(text);
    expect(network && formatNetwork(network)).toBe(written);
  });

  test.each([
    "10.1.0.0/8",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "::/129",
    "a",
  ])("%p is none", (text) => {
    expect(parseNetwork(text)).toBeNull();
  });

  test("has those addresses that begin as it does", () => {
    fc.assert(
      fc.property(address, address, fc.nat(128), fc.boolean(), (some, other, length, near) => {
        const bits = Math.min(length, some.length * 16);
        const network = { address: masked(some, bits), bits };
        expect(parseNetwork(`${formatAddress(network.address)}/${bits}`)).toEqual(network);
        const asked =
          near && other.length === some.length ? joined(network.address, other, bits) : other;
        const inside =
          asked.length === some.length && binary(asked).startsWith(binary(some).slice(0, bits));
        expect(networkSet([{ address: [1, 2], bits: 32 }, network])(asked)).toBe(
          inside || asked.join() === "1,2",
        );
      }),
    );
  });
});

function url(host: string): string {
  return host.includes(":") ? `http://[${host}]/` : `http://${host}/`;
}

function binary(groups: readonly number[]): string {
  return groups.map((one) => one.toString(2).padStart(16, "0")).join("");
}

function joined(head: readonly number[], tail: readonly number[], bits: number): number[] {
  const rest = masked(tail, bits);
  return tail.map((one, at) => (head[at] ?? 0) | (one ^ (rest[at] ?? 0)));
}
