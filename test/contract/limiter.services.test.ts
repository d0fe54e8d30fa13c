/** The contract suite of rate limiters on a real Redis, and its script against the model. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { tokenKey } from "../../src/adapters/redis/keys.ts";
import { tokenBuckets } from "../../src/adapters/redis/token-buckets.ts";
import { limits } from "../../src/domain/limits.ts";
import {
  type BucketLimit,
  fullBucket,
  limitInForce,
  type TokenBucket,
  takeTokens,
} from "../../src/domain/rate-limit.ts";
import { redisLimiterHarness, serverClock, timedConnection } from "../support/redis-limiter.ts";
import { removeKeys } from "../support/redis-stock.ts";
import { redisClusterUrl, redisUrl } from "../support/services.ts";
import { rateLimiterContract } from "./rate-limiter.ts";

const servers = { "Redis, one server": redisUrl, "Redis, a cluster": redisClusterUrl };
const rate = fc.integer({ min: 1, max: limits.rateMax });
const few = fc.integer({ min: 1, max: 30 });
const anyFloor = fc.option(fc.oneof(few, rate));
const anyLimit: fc.Arbitrary<BucketLimit> = fc
  .record({ perSecond: fc.oneof(few, rate), burst: fc.oneof(few, rate), floor: anyFloor })
  .map(({ floor, ...limit }) => {
    const floorPerSecond = Math.min(floor ?? 1, limit.perSecond);
    const adaptive = { floorPerSecond, lagTargetMs: 1, reserveTargetMs: 1 };
    return { ...limit, adaptive: floor === null ? null : adaptive };
  });
const anyN = fc.oneof(few, fc.nat(limits.rateMax));
const step = fc.record({
  stepMicros: fc.oneof(fc.integer({ min: -9_000_000, max: 9_000_000 }), fc.nat(2 ** 40)),
  wanted: fc.array(
    fc.record({ bucket: fc.nat(2), limit: anyLimit, n: anyN, lower: fc.option(rate) }),
    { minLength: 1, maxLength: 3 },
  ),
});

describe.each(Object.entries(servers))("%s", (name, url) => {
  const connection = openRedis(url);
  beforeAll(() => connection.ready(5_000));
  afterAll(() => connection.close());

  rateLimiterContract(name, () => redisLimiterHarness(connection));

  test("the script takes what the model takes, whatever the limits and the clock do", async () => {
    const prefix = `test:${crypto.randomUUID()}:`;
    let run = 0;
    const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      run += 1;
      let now = 1_800_000_000_000_000;
      const buckets = tokenBuckets(
        timedConnection(connection, () => now),
        serverClock,
      );
      const model = new Map<string, Model>();
      for (const { stepMicros, wanted } of steps) {
        now += stepMicros;
        const calls = wanted
          .filter(({ bucket }, at) => wanted.findIndex((one) => one.bucket === bucket) === at)
          .map((one) => ({ ...one, key: tokenKey(prefix, "sale", `${run}-${one.bucket}`) }));
        const groups = buckets.grouped(calls);
        const taken = await Promise.all(groups.map(buckets.take));
        for (const [at, { key, ...one }] of groups.flat().entries()) {
          const { next, answer } = modelled(model.get(key), one, now);
          model.set(key, next);
          expect(taken.flat()[at]).toEqual({ ...answer, atMicros: now });
        }
      }
    });
    await fc.assert(property, { numRuns: 60 });
    await removeKeys(connection, prefix);
  });
});

interface Model {
  readonly bucket: TokenBucket;
  readonly adapted: number | null;
  readonly given: number;
}

interface Asked {
  readonly limit: BucketLimit;
  readonly n: number;
  readonly lower: number | null;
}

function modelled(was: Model | undefined, { limit, n, lower }: Asked, now: number) {
  const { adapted, given } = limit.adaptive && was ? was : { adapted: null, given: 0 };
  const grant = takeTokens(
    was?.bucket ?? fullBucket(limit, now),
    limitInForce(limit, adapted),
    n,
    now,
  );
  const { bucket, granted, remaining } = grant;
  const next: Model = limit.adaptive
    ? { bucket, adapted: lower ?? adapted, given: given + granted }
    : { bucket, adapted: null, given: 0 };
  const after = limitInForce(limit, next.adapted);
  const { retryAfterMs } = takeTokens(bucket, { ...after, burst: limit.burst }, 0, now);
  const answer = { granted, remaining, retryAfterMs, perSecond: after.perSecond };
  return { next, answer: { ...answer, given: next.given } };
}
