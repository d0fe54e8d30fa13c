/** Deliberate bugs of rates that follow the back end; see table.ts. */
import type { Mutation } from "./mutation.ts";

const decision = "src/domain/adaptive-rate.ts";
const keeper = "src/usecases/adapt-rates.ts";
const decides = "test/unit/domain-adaptive-rate.test.ts";
const keeps = "test/unit/usecases-adapt-rates.test.ts";

export const adaptive: readonly Mutation[] = [
  {
    promise: "a cut has time to take effect",
    file: decision,
    find: "if (nowMs - was.cutAtMs < limits.adaptReactionMs) return was.perSecond;",
    replace: "if (nowMs < was.cutAtMs) return was.perSecond;",
    test: decides,
    name: "cut no more than once in a reaction time",
  },
  {
    promise: "a rate is cut before its orders are too old",
    file: decision,
    find: "const expectedMs = lag === null ? 0 : expectedLagMs(seen, lag, nowMs);",
    replace: "const expectedMs = lag === null || seen === null ? 0 : lag.ms + nowMs * 0;",
    test: decides,
    name: "cut before the target",
  },
  {
    promise: "a ledger that catches up is let alone",
    file: decision,
    find: "if (lag.messages < since.messages) return was.perSecond;",
    replace: "if (lag.messages < 0) return was.perSecond;",
    test: decides,
    name: "is not cut again while fewer and fewer orders wait",
  },
  {
    promise: "a controller goes on where the last one was",
    file: keeper,
    find: "beginAdapting(found.perSecond, rate.perSecond, now)",
    replace: "beginAdapting(rate.perSecond, rate.perSecond, found.perSecond > 0 ? now : 0)",
    test: keeps,
    name: "goes on from what another left behind",
  },
  {
    promise: "a rate that climbs again holds for all",
    file: keeper,
    find: "    say(id, rate, known);",
    replace: "    if (lowered !== null) say(id, rate, known);",
    test: keeps,
    name: "raises it afterwards",
  },
];
