// The limiter in memory forgets: what is full first, and never grows without bound.

import { expect, test } from "bun:test";
import { embeddedRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { limits } from "../../src/domain/limits.ts";
import { virtualClock } from "../support/builders.ts";

const one = { perSecond: 1, burst: 1 };

function crowded() {
  const clock = virtualClock(0);
  const limiter = embeddedRateLimiter(clock);
  for (let n = 1; n < limits.limiterBucketsMax; n += 1) limiter.take("ip", `early-${n}`, one);
  clock.advance(500);
  limiter.take("ip", "late", one);
  const isRemembered = (key: string) => limiter.known("ip", key, one) !== null;
  return { clock, limiter, isRemembered };
}

test("what is full again is forgotten first", () => {
  const { clock, limiter, isRemembered } = crowded();
  clock.advance(500);
  limiter.take("ip", "new", one);
  expect(["late", "new"].map(isRemembered)).toEqual([true, true]);
});

test("of a flood of keys the half that came first is forgotten", () => {
  const { limiter, isRemembered } = crowded();
  expect(isRemembered("early-1")).toBe(true);
  limiter.take("ip", "new", one);
  const last = `early-${limits.limiterBucketsMax - 1}`;
  expect(["early-1", last, "late", "new"].map(isRemembered)).toEqual([false, true, true, true]);
});
