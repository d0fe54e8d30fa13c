// The controller of an adaptive rate: what it promises whatever it sees, and what becomes of a
// ledger that it guards.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Adaptation,
  adapt,
  type BackEndSigns,
  beginAdapting,
  isLowered,
} from "../../src/domain/adaptive-rate.ts";
import { limits } from "../../src/domain/limits.ts";
import { rushedLedger } from "../support/rushed-ledger.ts";

const adaptive = { floorPerSecond: 100, lagTargetMs: 200, reserveTargetMs: 50 };
const terms = { perSecond: 1_000, burst: 1_000, adaptive };
const calm: BackEndSigns = {
  lag: { messages: 0, ms: 0 },
  reserveMs: 1,
  takenPerSecond: null,
};

function signs(over: Partial<BackEndSigns> & { lagMs?: number; messages?: number }): BackEndSigns {
  const { lagMs = 0, messages = 0, ...rest } = over;
  return { ...calm, lag: { messages, ms: lagMs }, ...rest };
}

/** The same signs again and again, every 100 ms. */
function lasting(
  from: Adaptation,
  seen: BackEndSigns | ((atMs: number) => BackEndSigns),
  forMs: number,
) {
  let state = from;
  const rates: number[] = [];
  const reasons: string[] = [];
  const end = from.decidedAtMs + forMs;
  for (let at = from.decidedAtMs + 100; at <= end; at += 100) {
    const { next, lowered } = adapt(state, terms, typeof seen === "function" ? seen(at) : seen, at);
    state = next;
    rates.push(next.perSecond);
    if (lowered !== null) reasons.push(lowered);
  }
  return { state, rates, reasons };
}

const atCeiling = () => lasting(beginAdapting(1_000, 1_000, 0), calm, 1_000).state;
const anyLag = fc.option(
  fc.record({ messages: fc.nat(100_000), ms: fc.oneof(fc.nat(400), fc.nat(100_000)) }),
);
const anySigns = fc.record({
  waitMs: fc.oneof(fc.integer({ min: 1, max: 150 }), fc.nat(100_000)),
  lag: anyLag,
  reserveMs: fc.option(fc.nat(200)),
  takenPerSecond: fc.option(fc.nat(2_000)),
});
const anyRun = fc.array(anySigns, { maxLength: 60 });

describe("an adaptive rate, whatever is seen", () => {
  test("stays within its floor and its ceiling, also when they change", () => {
    const rate = fc.integer({ min: 1, max: limits.rateMax });
    const anyTerms = fc.tuple(rate, rate).map(([a, b]) => {
      const [floorPerSecond, perSecond] = [Math.min(a, b), Math.max(a, b)];
      return { perSecond, burst: 1, adaptive: { ...adaptive, floorPerSecond } };
    });
    const steps = fc.array(fc.tuple(anySigns, anyTerms), { maxLength: 40 });
    fc.assert(
      fc.property(rate, steps, (begin, run) => {
        let [state, at] = [beginAdapting(begin, begin, 0), 0];
        for (const [{ waitMs, ...seen }, of] of run) {
          at += waitMs;
          state = adapt(state, of, seen, at).next;
          expect(state.perSecond).toBeGreaterThanOrEqual(of.adaptive.floorPerSecond);
          expect(state.perSecond).toBeLessThanOrEqual(of.perSecond);
        }
      }),
    );
  });

  test("is cut no more than once in a reaction time, to no less than a quarter", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        let [state, at, cutAt] = [beginAdapting(1_000, 1_000, 0), 0, Number.NEGATIVE_INFINITY];
        for (const { waitMs, ...seen } of run) {
          at += waitMs;
          const { next, lowered } = adapt(state, terms, seen, at);
          expect(next.perSecond < state.perSecond).toBe(lowered !== null);
          if (lowered !== null) {
            expect(at - cutAt).toBeGreaterThanOrEqual(limits.adaptReactionMs);
            expect(next.perSecond).toBeGreaterThanOrEqual(state.perSecond / 4 - 1e-9);
            const floor = adaptive.floorPerSecond;
            expect(next.perSecond).toBeLessThanOrEqual(Math.max(floor, state.perSecond / 2));
            cutAt = at;
          }
          state = next;
        }
      }),
    );
  });

  test("climbs no faster than from floor to ceiling in the time that is said", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        let [state, at] = [beginAdapting(100, 1_000, 0), 0];
        for (const { waitMs, ...seen } of run) {
          at += waitMs;
          const { next } = adapt(state, terms, seen, at);
          const most = (900 * waitMs) / limits.adaptRaiseMs;
          expect(next.perSecond - state.perSecond).toBeLessThanOrEqual(most + 1e-9);
          state = next;
        }
      }),
    );
  });

  test("is lowered for a reason that was seen, and raised if nothing speaks against it", () => {
    fc.assert(
      fc.property(anyRun, (run) => {
        let [state, at] = [beginAdapting(500, 1_000, 0), 0];
        for (const { waitMs, ...seen } of run) {
          at += waitMs;
          const { next, lowered } = adapt(state, terms, seen, at);
          const late = (seen.lag?.ms ?? 0) >= adaptive.lagTargetMs;
          const latish = (seen.lag?.ms ?? 0) >= adaptive.lagTargetMs / 4;
          const slow = (seen.reserveMs ?? 0) >= adaptive.reserveTargetMs;
          if (lowered === "lag") expect(latish).toBe(true);
          if (lowered === "latency") expect(slow).toBe(true);
          if (lowered === "blind") expect(seen.lag).toBeNull();
          if (next.perSecond > state.perSecond) {
            expect([late, slow, seen.lag === null]).toEqual([false, false, false]);
          }
          state = next;
        }
      }),
    );
  });
});

describe("an adaptive rate", () => {
  test("goes from its floor to its ceiling within ten seconds of calm", () => {
    const { state, rates } = lasting(beginAdapting(100, 1_000, 0), calm, 10_000);
    expect(isLowered(state)).toBe(false);
    const steps = rates.slice(1, 50).map((rate, at) => rate - (rates[at] ?? 0));
    expect(Math.max(...steps)).toBeCloseTo(Math.min(...steps));
  });

  test("follows a ceiling that is raised at once, unless it was lowered", () => {
    const higher = { ...terms, perSecond: 3_000 };
    expect(adapt(atCeiling(), higher, calm, 1_100).next.perSecond).toBe(3_000);
    const lowered = beginAdapting(500, 1_000, 1_000);
    expect(adapt(lowered, higher, calm, 1_100).next.perSecond).toBeLessThan(600);
  });

  test.each([
    ["half of a target and less, it climbs", 99, 24, "up"],
    ["between, for the lag, it stays", 100, 1, "same"],
    ["just below the lag's target, it stays", 199, 1, "same"],
    ["between, for the stock, it stays", 0, 25, "same"],
    ["just below the stock's target, it stays", 0, 49, "same"],
    ["at the lag's target, it is cut", 200, 1, "down"],
    ["at the stock's target, it is cut", 0, 50, "down"],
  ] as const)("at %s", (_, lagMs, reserveMs, expected) => {
    const { state } = lasting(beginAdapting(500, 1_000, 0), signs({ lagMs, reserveMs }), 600);
    const moved = state.perSecond - 500;
    expect(moved === 0 ? "same" : moved > 0 ? "up" : "down").toBe(expected);
  });

  test("climbs if the ledger had caught up a moment ago, and not if it never does", () => {
    const saw = (atMs: number) => signs({ lagMs: atMs % 300 === 0 ? 20 : 150 });
    const begun = beginAdapting(500, 1_000, 0);
    expect(lasting(begun, saw, 1_500).state.perSecond).toBeGreaterThan(600);
    expect(lasting(begun, signs({ lagMs: 150 }), 1_500).state.perSecond).toBe(500);
  });

  test("is not cut for one slow answer of the stock, but for two in a row", () => {
    const slow = signs({ reserveMs: 80 });
    const once = adapt(atCeiling(), terms, slow, 1_100);
    expect(once.lowered).toBeNull();
    expect(adapt(once.next, terms, calm, 1_200).lowered).toBeNull();
    const failed = adapt(once.next, terms, signs({ reserveMs: null }), 1_200).next;
    expect(adapt(failed, terms, slow, 1_300).lowered).toBeNull();
    const twice = adapt(once.next, terms, slow, 1_200);
    expect([twice.lowered, twice.next.perSecond]).toEqual(["latency", 500]);
  });

  test("is halved if the ledger is behind from the begin, when there is nothing to compare", () => {
    const { next, lowered } = adapt(
      beginAdapting(1_000, 1_000, 0),
      terms,
      signs({ lagMs: 900 }),
      9,
    );
    expect([next.perSecond, lowered]).toEqual([500, "lag"]);
  });

  test("is cut to what the ledger gets through, less a fifth", () => {
    const behind = { lagMs: 0, messages: 0 };
    // From 1.0 s on the ledger moves at 0.4 of the speed at which the log is written.
    const seen = (atMs: number) => {
      behind.lagMs = Math.max(0, (atMs - 1_000) * 0.6);
      behind.messages = behind.lagMs;
      return signs(behind);
    };
    const { rates, reasons } = lasting(beginAdapting(1_000, 1_000, 0), seen, 1_300);
    expect(reasons).toEqual(["lag"]);
    expect(rates.at(-1)).toBeCloseTo(1_000 * 0.4 * 0.8);
  });

  test("is cut by what was taken of it, where that is less", () => {
    const seen = (atMs: number) => {
      const lagMs = Math.max(0, (atMs - 1_000) * 0.6);
      return signs({ lagMs, messages: lagMs, takenPerSecond: 800 });
    };
    const { rates } = lasting(beginAdapting(1_000, 1_000, 0), seen, 1_300);
    expect(rates.at(-1)).toBeCloseTo(800 * 0.4 * 0.8);
  });

  test("is not cut again while fewer and fewer orders wait", () => {
    const seen = (atMs: number) => signs({ lagMs: 600, messages: 5_000 - atMs });
    const { reasons, state } = lasting(beginAdapting(800, 1_000, 0), seen, 3_000);
    expect(reasons).toHaveLength(1);
    expect(state.perSecond).toBe(400);
  });

  test("is cut before the target, if what is sold now would come over it", () => {
    // Moves at 0.4 of the speed, so what waits now, 120 ms of the log, takes 300 ms.
    const falling = (messages: number) => (atMs: number) =>
      signs({ lagMs: Math.max(0, (atMs - 1_000) * 0.6), messages: atMs > 1_000 ? messages : 0 });
    const { rates, reasons } = lasting(beginAdapting(1_000, 1_000, 0), falling(0), 1_200);
    expect([rates.at(-1), reasons]).toEqual([1_000, []]);
    const more = (atMs: number) => ({ ...falling(atMs)(atMs) });
    const early = lasting(beginAdapting(1_000, 1_000, 0), more, 1_200);
    expect(early.reasons).toEqual(["lag"]);
    expect(early.rates.at(-1)).toBeCloseTo(1_000 * 0.4 * 0.8);
  });

  test("stays for a while if nobody says how far the ledger is behind, then goes down", () => {
    const blind = { ...calm, lag: null };
    const { state, reasons } = lasting(atCeiling(), blind, limits.adaptBlindMs - 100);
    expect([state.perSecond, reasons]).toEqual([1_000, []]);
    const later = lasting(state, blind, 3_000);
    expect(later.state.perSecond).toBe(100);
    expect(new Set(later.reasons)).toEqual(new Set(["blind"]));
    expect(isLowered(lasting(later.state, calm, 10_000).state)).toBe(false);
  });
});

describe("a ledger that gets slow in a rush", () => {
  const rush = { ceiling: 2_000, floor: 10, lagTargetMs: 200 };

  test.each([2, 3, 4])("of %p times what it can take is less than a second behind", (times) => {
    const slowPerSecond = rush.ceiling / times;
    for (let seed = 1; seed <= 20; seed += 1) {
      const guarded = rushedLedger({ ...rush, slowPerSecond, seed, adaptive: true });
      expect(guarded.worstLagMs).toBeLessThan(1_000);
      expect(guarded.backAfterMs).toBeLessThan(10_000);
    }
    const alone = rushedLedger({ ...rush, slowPerSecond, seed: 1, adaptive: false });
    expect(alone.worstLagMs).toBeGreaterThan(5_000);
  });

  test("still sells a good part of what it can take", () => {
    const sold = rushedLedger({ ...rush, slowPerSecond: 700, seed: 1, adaptive: true });
    expect(sold.placedPerSecond).toBeGreaterThan(300);
  });
});
