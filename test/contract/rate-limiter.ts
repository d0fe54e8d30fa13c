/** What every rate limiter promises, as one suite for all of them. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { RateLimiter } from "../../src/ports/rate-limiter.ts";

export interface RateLimiterHarness {
  readonly limiter: RateLimiter;
  setTime(ms: number): void;
}

const limit = { perSecond: 10, burst: 5 };

export function rateLimiterContract(name: string, open: () => RateLimiterHarness): void {
  describe(`a rate limiter (${name})`, () => {
    let harness: RateLimiterHarness;
    beforeEach(() => {
      harness = open();
      harness.setTime(1_000);
    });

    test("grants the burst at once, then the rate", () => {
      const { limiter } = harness;
      expect(limiter.take("k", limit, 7)).toEqual({ granted: 5, remaining: 0, retryAfterMs: 100 });
      harness.setTime(1_250);
      expect(limiter.take("k", limit, 9).granted).toBe(2);
    });

    test("looks without taking", () => {
      const { limiter } = harness;
      expect(limiter.take("k", limit, 0)).toMatchObject({
        granted: 0,
        remaining: 5,
        retryAfterMs: 0,
      });
      expect(limiter.take("k", limit, 5).granted).toBe(5);
      expect(limiter.take("k", limit, 0)).toMatchObject({ remaining: 0, retryAfterMs: 100 });
    });

    test("keeps keys apart", () => {
      expect(harness.limiter.take("a", limit, 5).granted).toBe(5);
      expect(harness.limiter.take("b", limit, 5).granted).toBe(5);
    });

    test("follows a limit that changes", () => {
      const { limiter } = harness;
      limiter.take("k", limit, 5);
      harness.setTime(2_000);
      expect(limiter.take("k", { perSecond: 100, burst: 50 }, 99).granted).toBe(50);
    });

    test("grants nothing for a clock that steps back", () => {
      harness.limiter.take("k", limit, 5);
      harness.setTime(0);
      expect(harness.limiter.take("k", limit, 1).granted).toBe(0);
    });
  });
}
