/** The life of a sale, as a table over states, actions and times. */
import { describe, expect, test } from "bun:test";
import { instant } from "../../src/domain/ids.ts";
import {
  act,
  amend,
  type SaleAction,
  type SaleState,
  stateAt,
  windowClash,
} from "../../src/domain/sale.ts";
import { sale } from "../support/builders.ts";

const now = instant(5_000);
const states: readonly SaleState[] = ["scheduled", "open", "paused", "closed"];

describe("the state of a sale", () => {
  test.each([
    ["scheduled", null, null, "scheduled"],
    ["scheduled", 5_001, null, "scheduled"],
    ["scheduled", 5_000, null, "open"],
    ["scheduled", 4_000, 5_000, "closed"],
    ["open", null, 5_001, "open"],
    ["open", null, 5_000, "closed"],
    ["open", 9_000, null, "open"],
    ["paused", 1, null, "paused"],
    ["paused", 1, 5_000, "closed"],
    ["closed", 9_000, 9_999, "closed"],
  ] as const)("written as %s, from %p to %p, is now %s", (state, starts, ends, expected) => {
    const startsAt = starts === null ? null : instant(starts);
    const endsAt = ends === null ? null : instant(ends);
    expect(stateAt({ state, startsAt, endsAt }, now)).toBe(expected);
  });
});

describe("an action on a sale", () => {
  const allowed: Record<SaleAction, Partial<Record<SaleState, SaleState>>> = {
    open: { scheduled: "open", open: "open" },
    pause: { open: "paused", paused: "paused" },
    resume: { paused: "open", open: "open" },
    close: { scheduled: "closed", open: "closed", paused: "closed", closed: "closed" },
  };
  const cases = (Object.keys(allowed) as SaleAction[]).flatMap((action) =>
    states.map((state) => [action, state, allowed[action][state] ?? null] as const),
  );

  test.each(cases)("%s on a sale that is %s ends as %p", (action, state, expected) => {
    const result = act(sale({ state }), action, now);
    if (expected === null) {
      expect(result).toMatchObject({ ok: false, error: { code: "invalid-transition" } });
      return;
    }
    const version = expected === state ? 1 : 2;
    expect(result).toMatchObject({ ok: true, value: { state: expected, version } });
  });

  test("that time has done already is only written down", () => {
    const due = sale({ state: "scheduled", startsAt: instant(1) });
    expect(act(due, "open", now)).toMatchObject({ ok: true, value: { state: "open", version: 2 } });
  });
});

describe("new terms", () => {
  test("raise the version", () => {
    const changed = amend(sale({ state: "open" }), { name: "other" }, now);
    expect(changed).toMatchObject({ ok: true, value: { name: "other", version: 2 } });
  });

  test.each([
    ["closed", { name: "x" }, "has ended"],
    ["open", { startsAt: instant(9_000) }, "already opened"],
    ["open", { endsAt: instant(4_000) }, "in the future"],
    ["scheduled", { startsAt: instant(9_000), endsAt: instant(9_000) }, "after startsAt"],
  ] as const)("of a sale that is %s cannot be %p", (state, change, why) => {
    const result = amend(sale({ state }), change, now);
    expect(result.ok ? "" : result.error.detail).toContain(why);
  });

  test("of a rate leave alone what they do not name", () => {
    const adaptive = { floorPerSecond: 5, lagTargetMs: 200, reserveTargetMs: 50 };
    const rateLimit = { perSecond: 10, burst: 20, adaptive };
    const changed = amend(sale({ rateLimit }), { rateLimit: { perSecond: 5 } }, now);
    expect(changed).toMatchObject({
      ok: true,
      value: { rateLimit: { ...rateLimit, perSecond: 5 } },
    });
    const fixed = amend(sale({ rateLimit }), { rateLimit: { adaptive: null } }, now);
    expect(fixed).toMatchObject({
      ok: true,
      value: { rateLimit: { perSecond: 10, adaptive: null } },
    });
    const clash = amend(sale({ rateLimit }), { rateLimit: { perSecond: 4 } }, now);
    expect(clash.ok ? "" : clash.error.detail).toContain("must be at most rateLimit.perSecond");
  });

  test("may leave the window open at either end", () => {
    expect(windowClash({ startsAt: null, endsAt: null }, now)).toBeNull();
    expect(windowClash({ startsAt: instant(6_000), endsAt: instant(7_000) }, now)).toBeNull();
  });
});
