/** Deliberate bugs of the limits that all processes share; see services.ts. */
import type { Mutation } from "./mutation.ts";

const limiterContract = "test/contract/limiter.services.test.ts";
const sharedLimits = "test/integration/shared-limits.services.test.ts";
const script = "src/adapters/redis/scripts/take-tokens.lua";

export const ofLimits: readonly Mutation[] = [
  {
    promise: "a rate is never exceeded: a bucket that comes back is not more than full",
    file: script,
    find: "if elapsed >= (capacity - held) / perSecond then held = capacity",
    replace: "if elapsed < 0 then held = capacity",
    test: limiterContract,
    name: "the script takes what the model takes",
  },
  {
    promise: "a rate is never exceeded: what is forgotten was full",
    file: script,
    find: "(capacity - left) / perSecond / 1000) + 1",
    replace: "(capacity - left) / perSecond / 2000)",
    test: sharedLimits,
    name: "keep a bucket until it is full again",
  },
  {
    promise: "a rate is used up: whoever is given all that he asked for asks for more",
    file: "src/adapters/redis/token-line.ts",
    find: "Math.max(1, 2 * granted)",
    replace: "1",
    test: sharedLimits,
    name: "a bucket with a burst",
  },
  {
    promise: "refusing is cheap: a bucket without tokens is left alone for a while",
    file: "src/adapters/redis/token-line.ts",
    find: "scarce ? nowMs + Math.max(limits.limiterPauseMs, retryAfterMs) : 0",
    replace: "0 * retryAfterMs",
    test: sharedLimits,
    name: "a slow bucket",
  },
  {
    promise: "a rate is never exceeded: each process grants its share alone",
    file: "src/adapters/redis/own-count.ts",
    find: "shareOf(limitInForce(limit, adapted), nodes);",
    replace: "shareOf(limitInForce(limit, adapted), nodes > 0 ? 1 : nodes);",
    test: sharedLimits,
    name: "each grants its share of a rate",
  },
];
