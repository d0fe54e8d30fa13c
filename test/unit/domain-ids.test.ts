/** Order ids route: everything that went into one comes out of it. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { epoch, instant, orderIdOf, routeOf, saleIdOf, saleNumber } from "../../src/domain/ids.ts";

const routes = fc.record({
  reservedAt: fc.integer({ min: 0, max: 2 ** 48 - 1 }).map(instant),
  saleId: fc.integer({ min: 1, max: 2 ** 32 - 1 }).map(saleIdOf),
  bucket: fc.integer({ min: 0, max: 255 }),
  epoch: fc.integer({ min: 0, max: 2 ** 16 - 1 }).map(epoch),
  sequence: fc.integer({ min: 0, max: 2 ** 24 - 1 }),
});

describe("an order id", () => {
  test("gives back its route", () => {
    fc.assert(fc.property(routes, (route) => expect(routeOf(orderIdOf(route))).toEqual(route)));
  });

  test("is 26 characters of Crockford's base 32", () => {
    fc.assert(
      fc.property(routes, (route) => expect(orderIdOf(route)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)),
    );
  });

  test("sorts by the time of its reservation", () => {
    fc.assert(
      fc.property(routes, routes, (a, b) => {
        if (a.reservedAt === b.reservedAt) return;
        expect(orderIdOf(a) < orderIdOf(b)).toBe(a.reservedAt < b.reservedAt);
      }),
    );
  });

  test("keeps its length when the sequence wraps", () => {
    const route = { reservedAt: instant(1), saleId: saleIdOf(1), bucket: 0, epoch: epoch(1) };
    expect(routeOf(orderIdOf({ ...route, sequence: 2 ** 24 + 5 }))?.sequence).toBe(5);
  });

  test.each([
    "",
    "nonsense",
    "01KAQX7T5N0000001000100000".slice(1),
    "8".repeat(26),
    "u".repeat(26),
  ])("is not %p", (text) => {
    expect(routeOf(text)).toBeNull();
  });

  test("is none without a sale", () => {
    expect(routeOf("0".repeat(26))).toBeNull();
  });
});

describe("a sale id", () => {
  test.each([
    ["s1", 1],
    ["s4294967295", 4_294_967_295],
    ["s4294967296", null],
    ["s0", null],
    ["s01", null],
    ["1", null],
    ["", null],
    ["s1.5", null],
  ] as const)("read from %p is number %p", (text, number) => {
    expect(saleNumber(text)).toBe(number);
  });

  test("is made only of a number that fits", () => {
    expect(() => saleIdOf(0)).toThrow("bad sale number");
    expect(() => epoch(2 ** 16)).toThrow("epoch out of range");
  });
});
