/** The contract suite of rate limiters on a real Redis, and its script against the model. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { tokenKey } from "../../src/adapters/redis/keys.ts";
import { tokenBuckets } from "../../src/adapters/redis/token-buckets.ts";
import { limits } from "../../src/domain/limits.ts";
import { fullBucket, type TokenBucket, takeTokens } from "../../src/domain/rate-limit.ts";
import { redisLimiterHarness, serverClock, timedConnection } from "../support/redis-limiter.ts";
import { removeKeys } from "../support/redis-stock.ts";
import { redisClusterUrl, redisUrl } from "../support/services.ts";
import { rateLimiterContract } from "./rate-limiter.ts";

const servers = { "Redis, one server": redisUrl, "Redis, a cluster": redisClusterUrl };
const rate = fc.integer({ min: 1, max: limits.rateMax });
const few = fc.integer({ min: 1, max: 30 });
const anyLimit = fc.record({ perSecond: fc.oneof(few, rate), burst: fc.oneof(few, rate) });
const step = fc.record({
  stepMicros: fc.oneof(fc.integer({ min: -9_000_000, max: 9_000_000 }), fc.nat(2 ** 40)),
  wanted: fc.array(
    fc.record({ bucket: fc.nat(2), limit: anyLimit, n: fc.oneof(few, fc.nat(limits.rateMax)) }),
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
      const model = new Map<string, TokenBucket>();
      for (const { stepMicros, wanted } of steps) {
        now += stepMicros;
        const calls = wanted
          .filter(({ bucket }, at) => wanted.findIndex((one) => one.bucket === bucket) === at)
          .map((one) => ({ ...one, key: tokenKey(prefix, "sale", `${run}-${one.bucket}`) }));
        const groups = buckets.grouped(calls);
        const taken = await Promise.all(groups.map(buckets.take));
        for (const [at, { key, limit, n }] of groups.flat().entries()) {
          const grant = takeTokens(model.get(key) ?? fullBucket(limit, now), limit, n, now);
          model.set(key, grant.bucket);
          const { granted, remaining } = grant;
          expect(taken.flat()[at]).toMatchObject({ granted, remaining, atMicros: now });
          const { retryAfterMs } = takeTokens(grant.bucket, limit, 0, now);
          expect(taken.flat()[at]?.retryAfterMs).toBe(retryAfterMs);
        }
      }
    });
    await fc.assert(property, { numRuns: 60 });
    await removeKeys(connection, prefix);
  });
});
