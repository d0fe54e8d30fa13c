/** What every rate limiter promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BucketLimit, policies } from "../../src/domain/rate-limit.ts";
import type { RateLimit } from "../../src/domain/sale.ts";
import type { RateAdjuster, RateLimiter } from "../../src/ports/rate-limiter.ts";

export interface RateLimiterHarness {
  readonly limiter: RateLimiter & RateAdjuster;
  /** Moves every clock, and runs what has come due. */
  setTime(ms: number): void;
  close(): Promise<void>;
}

const limit = { perSecond: 10, burst: 5 };

type Ask = (n: number, key?: string, of?: BucketLimit) => Promise<number>;

export function rateLimiterContract(name: string, open: () => RateLimiterHarness): void {
  describe(`a rate limiter (${name})`, () => {
    let harness: RateLimiterHarness;
    beforeEach(() => {
      harness = open();
      harness.setTime(1_000);
    });
    afterEach(() => harness.close());

    /** How many of `n` that ask at once are let through. */
    const ask: Ask = async (n, key = "k", of = limit) => {
      const asked = Array.from({ length: n }, () => harness.limiter.take("sale", key, of));
      return (await Promise.all(asked)).filter(({ granted }) => granted).length;
    };

    test("grants the burst at once, then the rate", async () => {
      expect(await ask(7)).toBe(5);
      harness.setTime(1_250);
      expect(await ask(9)).toBe(2);
    });

    test("says when the next token is there, and knows it without asking", async () => {
      const { limiter } = harness;
      expect(limiter.known("sale", "k", limit)).toBeNull();
      await ask(6);
      const refused = { granted: false, why: "empty", retryAfterMs: 100 } as const;
      expect(await limiter.take("sale", "k", limit)).toEqual(refused);
      expect(limiter.known("sale", "k", limit)).toEqual(refused);
      harness.setTime(1_100);
      expect(limiter.known("sale", "k", limit)).toBeNull();
      expect(await ask(1)).toBe(1);
    });

    test("keeps keys apart, and policies", async () => {
      expect(await ask(9, "a")).toBe(5);
      expect(await ask(9, "b")).toBe(5);
      for (const policy of policies.filter((other) => other !== "sale")) {
        expect(await harness.limiter.take(policy, "a", limit)).toEqual({ granted: true });
      }
    });

    test("follows a limit that changes, at once", async () => {
      await ask(6);
      harness.setTime(1_200);
      expect(await ask(9)).toBe(2);
      harness.setTime(1_210);
      expect(await ask(9, "k", { perSecond: 100, burst: 50 })).toBe(1);
      harness.setTime(60_000);
      expect(await ask(99, "k", { perSecond: 200, burst: 50 })).toBe(50);
      expect(await ask(1, "k", { perSecond: 1, burst: 1 })).toBe(0);
    });

    test("grants nothing for a clock that steps back, and nothing for its way back", async () => {
      await ask(5);
      harness.setTime(0);
      expect(await ask(1)).toBe(0);
      harness.setTime(1_000);
      expect(await ask(1)).toBe(0);
      harness.setTime(1_150);
      expect(await ask(1)).toBe(1);
    });

    test("goes on from a clock that was set back far", async () => {
      harness.setTime(3_600_000);
      expect(await ask(6)).toBe(5);
      harness.setTime(1_000);
      expect(await ask(1)).toBe(0);
      harness.setTime(1_100);
      expect(await ask(1)).toBe(1);
    });

    test("grants all of the rate to those who keep asking, and never more", async () => {
      const of = { perSecond: 1_000, burst: 20 };
      let total = 0;
      for (let step = 1; step <= 400; step += 1) {
        const asked = ask(60, "k", of);
        harness.setTime(1_000 + step * 5);
        total += await asked;
      }
      expect(total).toBeLessThanOrEqual(of.burst + of.perSecond * 2);
      expect(total).toBeGreaterThan(of.perSecond * 2);
    });

    describe("under a limit that is adaptive", () => {
      const targets = { lagTargetMs: 200, reserveTargetMs: 100 };
      const of = { ...limit, adaptive: { floorPerSecond: 2, ...targets } };
      const adjust = (perSecond: number | null, under: BucketLimit = of) =>
        harness.limiter.adjust("sale", "k", under, perSecond);

      test("grants what it was lowered to, and its burst shrinks with it", async () => {
        expect(await adjust(4)).toEqual({ perSecond: 4, given: 0 });
        expect(await ask(9, "k", of)).toBe(2);
        harness.setTime(1_250);
        expect(await ask(9, "k", of)).toBe(1);
        harness.setTime(9_000);
        expect(await ask(9, "k", of)).toBe(2);
      });

      test("counts time at the rate that held while it passed", async () => {
        await ask(9, "k", of);
        harness.setTime(1_100);
        await adjust(5);
        harness.setTime(1_500);
        expect(await ask(9, "k", of)).toBe(3);
        await adjust(10);
        harness.setTime(1_700);
        expect(await ask(9, "k", of)).toBe(2);
      });

      test("keeps to its floor and its ceiling, whatever it is told", async () => {
        expect((await adjust(1)).perSecond).toBe(2);
        expect((await adjust(9_999)).perSecond).toBe(10);
        const narrower = { ...of, perSecond: 3 };
        expect((await adjust(null, narrower)).perSecond).toBe(3);
      });

      test("tells what holds and what it gave, and changes nothing by looking", async () => {
        expect(await adjust(null)).toEqual({ perSecond: 10, given: 0 });
        expect(await ask(9, "k", of)).toBe(5);
        await adjust(6);
        harness.setTime(1_500);
        expect(await ask(2, "k", of)).toBe(2);
        expect(await adjust(null)).toEqual({ perSecond: 6, given: 7 });
        expect(await ask(9, "k", of)).toBe(1);
      });

      test("tells those whom it refuses what holds", async () => {
        await adjust(4);
        await ask(9, "k", of);
        const refused = { granted: false, why: "empty", retryAfterMs: 250, perSecond: 4 } as const;
        expect(await harness.limiter.take("sale", "k", of)).toEqual(refused);
        expect(harness.limiter.known("sale", "k", of)).toEqual(refused);
      });

      test("is as it was set up for those who know that it is adaptive no more", async () => {
        await adjust(2);
        await ask(9, "k", of);
        harness.setTime(1_500);
        expect(await ask(9)).toBe(5);
        harness.setTime(1_600);
        expect(await ask(9)).toBe(1);
        expect(await adjust(null)).toEqual({ perSecond: 10, given: 0 });
      });

      test("is not lowered by what is said of a limit that is not", async () => {
        expect((await adjust(1, limit)).perSecond).toBe(10);
        expect((await adjust(null)).perSecond).toBe(10);
      });
    });

    test("never grants more than rate·t + burst in any window", async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(steps, rates, async (taken, of) => {
          run += 1;
          const grants: Granted[] = [];
          let now = run * 3_600_000;
          for (const { passMs, n } of taken) {
            harness.setTime(now);
            const asked = ask(n, `run-${run}`, of);
            now += passMs;
            harness.setTime(now);
            grants.push({ from: now - passMs, until: now, granted: await asked });
          }
          expect(excess(grants, of)).toEqual([]);
        }),
        { numRuns: 15 },
      );
    });
  });
}

const steps = fc.array(
  fc.record({ passMs: fc.integer({ min: 5, max: 900 }), n: fc.integer({ min: 1, max: 80 }) }),
  { maxLength: 25 },
);
const rates = fc.record({
  perSecond: fc.integer({ min: 1, max: 100 }),
  burst: fc.integer({ min: 1, max: 50 }),
});

/** Granted between two moments. */
interface Granted {
  readonly from: number;
  readonly until: number;
  readonly granted: number;
}

/** The windows in which more was granted than may be. */
function excess(grants: readonly Granted[], { perSecond, burst }: RateLimit): string[] {
  return grants.flatMap(({ from }, first) => {
    let sum = 0;
    return grants.slice(first).flatMap(({ until, granted }) => {
      sum += granted;
      const most = ((until - from) * perSecond) / 1_000 + burst;
      return sum > most ? [`${sum} > ${most} from ${from} to ${until}`] : [];
    });
  });
}
