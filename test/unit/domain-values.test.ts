/** Money, request keys, token buckets, the audit's equation and the limits' relations. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AuditCounts, findings, sameCounts } from "../../src/domain/audit.ts";
import { units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { formatMoney, parseMoney } from "../../src/domain/money.ts";
import { fingerprintOf, isFingerprint, parseRequestKey } from "../../src/domain/request-key.ts";

describe("money", () => {
  test("is written as it was read", () => {
    const amounts = fc.integer({ min: 0, max: limits.priceMaxMinorUnits });
    fc.assert(
      fc.property(amounts, (minorUnits) => {
        const money = { minorUnits, currency: "CNY" };
        expect(parseMoney(formatMoney(money))).toEqual({ ok: true, value: money });
      }),
    );
  });

  test.each(["", "1", "1.0", "01.00", "-1.00", "1,00", "1.000", "99999999999.00", "1e3.00"])(
    "of %p is refused",
    (amount) => {
      expect(parseMoney({ amount, currency: "CNY" }).ok).toBe(false);
    },
  );

  test.each(["", "cny", "CN", "CNYY", "C1Y"])("in %p is refused", (currency) => {
    expect(parseMoney({ amount: "1.00", currency }).ok).toBe(false);
  });
});

describe("a request key", () => {
  test.each([
    ["k", "k"],
    ['"k"', "k"],
    ['"a b"', "a b"],
    ['"', '"'],
    ["x".repeat(255), "x".repeat(255)],
  ])("sent as %p is %p", (header, key) => {
    expect(parseRequestKey(header)).toEqual({ ok: true, value: key as never });
  });

  test.each([
    [null, "missing"],
    ["", "missing"],
    ['""', "missing"],
    ["x".repeat(256), "malformed"],
    ["ü", "malformed"],
    ["a\tb", "malformed"],
  ] as const)("sent as %p is %s", (header, error) => {
    expect(parseRequestKey(header)).toEqual({ ok: false, error });
  });

  test("has a fingerprint that tells bodies apart", () => {
    expect(fingerprintOf({ quantity: 1 })).not.toBe(fingerprintOf({ quantity: 2 }));
  });

  test("is short, plain text, whatever a later version puts into it", () => {
    expect(isFingerprint(fingerprintOf({ quantity: 1_000 }))).toBe(true);
    for (const text of ["", "q 1", "q1é", "q".repeat(65)]) expect(isFingerprint(text)).toBe(false);
  });
});

describe("an audit", () => {
  const sound: AuditCounts = {
    stock: units(10),
    remaining: units(5),
    pending: units(2),
    inTransfer: units(0),
    sold: units(3),
    placed: units(3),
    released: units(0),
    refused: units(0),
    orders: 3,
    duplicates: 0,
    overLimitBuyers: 0,
  };

  test("of sound counts finds nothing", () => {
    expect(findings(sound)).toEqual([]);
  });

  test.each([
    [{ remaining: units(6) }, "stock 10 ≠"],
    [{ pending: units(1) }, "stock 10 ≠"],
    [{ sold: units(11), placed: units(11), remaining: units(-3) }, "oversold"],
    [{ placed: units(2) }, "the orders say 2"],
    [{ duplicates: 1 }, "several orders"],
    [{ overLimitBuyers: 1 }, "over the limit"],
  ] as const)("with %p finds it", (over, finding) => {
    expect(findings({ ...sound, ...over }).join("; ")).toContain(finding);
  });

  test("compares every count of two passes", () => {
    expect(sameCounts(sound, { ...sound })).toBe(true);
    expect(sameCounts(sound, { ...sound, orders: 4 })).toBe(false);
  });
});
