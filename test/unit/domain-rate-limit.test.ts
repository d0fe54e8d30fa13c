// The token bucket, against what it is by definition: rate·t + burst, counted without rounding.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { limits } from "../../src/domain/limits.ts";
import {
  clockStepMaxMicros,
  fullBucket,
  isFull,
  limitInForce,
  shareOf,
  takeTokens,
} from "../../src/domain/rate-limit.ts";

const limit = { perSecond: 100, burst: 50 };
const rate = fc.integer({ min: 1, max: limits.rateMax });
const anyLimit = fc.record({ perSecond: rate, burst: rate });
const steps = fc.array(
  fc.record({
    waitMicros: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.nat(2 ** 40)),
    n: fc.oneof(fc.nat(20), fc.nat(2 * limits.rateMax)),
  }),
  { maxLength: 40 },
);

/** Microseconds since 1970 in the year 2027. */
const start = 1_800_000_000_000_000;

type Take = { readonly waitMicros: number; readonly n: number };

function run(takes: readonly Take[], of: typeof limit & { sharers?: number }) {
  let at = start;
  let bucket = fullBucket(of, at);
  return takes.map(({ waitMicros, n }) => {
    at += waitMicros;
    const grant = takeTokens(bucket, of, n, at);
    bucket = grant.bucket;
    return { at, ...grant };
  });
}

describe("a token bucket", () => {
  test("never grants more than rate·t + burst in any window, to the token", () => {
    fc.assert(
      fc.property(steps, anyLimit, (takes, of) => {
        const grants = run(takes, of);
        for (const [first, { at: from }] of grants.entries()) {
          let sum = 0n;
          for (const { at, granted } of grants.slice(first)) {
            sum += BigInt(granted);
            const earned = BigInt(at - from) * BigInt(of.perSecond) + BigInt(of.burst) * 1_000_000n;
            expect(sum * 1_000_000n <= earned).toBe(true);
          }
        }
      }),
    );
  });

  test("grants what is there, and not a token less", () => {
    fc.assert(
      fc.property(steps, anyLimit, (takes, of) => {
        const capacity = BigInt(of.burst) * 1_000_000n;
        let held = capacity;
        let before = start;
        for (const [n, { at, granted, remaining }] of run(takes, of).entries()) {
          held += BigInt(at - before) * BigInt(of.perSecond);
          if (held > capacity) held = capacity;
          const wanted = BigInt(takes[n]?.n ?? 0);
          const expected = wanted < held / 1_000_000n ? wanted : held / 1_000_000n;
          expect(BigInt(granted)).toBe(expected);
          held -= expected * 1_000_000n;
          before = at;
          expect(BigInt(remaining)).toBe(held / 1_000_000n);
        }
      }),
    );
  });

  test("grants all of the rate to whoever always asks for more", () => {
    const takes = Array.from({ length: 1_001 }, () => ({ waitMicros: 10_000, n: 1_000 }));
    const total = run(takes, limit).reduce((sum, { granted }) => sum + granted, 0);
    expect(total).toBe(limit.burst + 1_000);
  });

  test("says when the next token is there, and not that it is while it is not", () => {
    fc.assert(
      fc.property(steps, anyLimit, (takes, of) => {
        for (const { bucket, retryAfterMs, at } of run(takes, of)) {
          if (retryAfterMs === 0) continue;
          const then = at + retryAfterMs * 1_000;
          expect(takeTokens(bucket, of, 1, then).granted).toBe(1);
          expect(takeTokens(bucket, of, 1, then - 1_000).granted).toBe(0);
        }
      }),
    );
  });

  test("looks without taking", () => {
    const full = fullBucket(limit, start);
    expect(takeTokens(full, limit, 0, start)).toEqual({
      ...{ bucket: full, granted: 0, remaining: 50, retryAfterMs: 0 },
    });
    const { bucket } = takeTokens(full, limit, 50, start);
    expect(takeTokens(bucket, limit, 0, start)).toMatchObject({ remaining: 0, retryAfterMs: 10 });
  });

  test("is full again once its burst has come back, and not before", () => {
    const { bucket } = takeTokens(fullBucket(limit, start), limit, 50, start);
    expect(isFull(bucket, limit, start + 499_999)).toBe(false);
    expect(isFull(bucket, limit, start + 500_000)).toBe(true);
  });

  test("waits for a clock that was set back a little, and believes one that was far", () => {
    const { bucket } = takeTokens(fullBucket(limit, start), limit, 50, start);
    const little = start - clockStepMaxMicros;
    const back = takeTokens(bucket, limit, 1, little);
    expect(back.granted).toBe(0);
    expect(takeTokens(back.bucket, limit, 1, start).granted).toBe(0);
    const far = takeTokens(bucket, limit, 1, little - 1);
    expect(far.granted).toBe(0);
    expect(takeTokens(far.bucket, limit, 9, little - 1 + 20_000).granted).toBe(2);
  });

  test("shrinks with its burst", () => {
    const smaller = { perSecond: 100, burst: 3 };
    expect(takeTokens(fullBucket(limit, start), smaller, 9, start).granted).toBe(3);
  });
});

describe("an adaptive limit", () => {
  const adaptive = { floorPerSecond: 10, lagTargetMs: 200, reserveTargetMs: 50 };
  const of = { ...limit, adaptive };

  test.each([
    [null, 100, 50],
    [100, 100, 50],
    [50, 50, 25],
    [33, 33, 17],
    [9, 10, 5],
    [101, 100, 50],
  ])("that is lowered to %p grants %d a second, %d at once", (adapted, perSecond, burst) => {
    expect(limitInForce(of, adapted)).toMatchObject({ perSecond, burst });
  });

  test("has a burst of at least one, and one that is not adaptive stays as it is", () => {
    expect(limitInForce({ ...of, burst: 1 }, 10).burst).toBe(1);
    expect(limitInForce({ ...limit, adaptive: null }, 10)).toMatchObject(limit);
    expect(limitInForce(limit, 10)).toEqual(limit);
  });
});

describe("the shares of a limit", () => {
  test("together grant no more than the limit", () => {
    const sharers = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(steps, anyLimit, sharers, (takes, of, nodes) => {
        const share = shareOf(of, nodes);
        const [first] = run([{ waitMicros: 0, n: limits.rateMax }], share);
        expect((first?.granted ?? 0) * nodes).toBeLessThanOrEqual(Math.max(of.burst, nodes));
        const grants = run(takes, share);
        const sum = grants.reduce((total, { granted }) => total + BigInt(granted), 0n);
        const span = BigInt((grants.at(-1)?.at ?? start) - (grants[0]?.at ?? start));
        const most = span * BigInt(of.perSecond) + BigInt(share.burst) * 1_000_000n;
        expect(sum * BigInt(nodes) * 1_000_000n <= most).toBe(true);
      }),
    );
  });

  test("give each at least one at a time, however many there are", () => {
    const share = shareOf({ perSecond: 1, burst: 1 }, 4);
    const grants = run(
      [0, 0, 3_999_999, 1].map((waitMicros) => ({ waitMicros, n: 1 })),
      share,
    );
    expect(grants.map(({ granted }) => granted)).toEqual([1, 0, 0, 1]);
  });
});
