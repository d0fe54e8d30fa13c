/** Several limiters on one real Redis, in real time: what they grant together, what they cost it,
 * and what becomes of them while it is away. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { tokenKey } from "../../src/adapters/redis/keys.ts";
import type { AwayPlan } from "../../src/adapters/redis/own-count.ts";
import { redisRateLimiter, type SharedLimiter } from "../../src/adapters/redis/rate-limiter.ts";
import { systemClock } from "../../src/adapters/shared/system-clock.ts";
import type { RateLimit } from "../../src/domain/sale.ts";
import { excessOf, type GrantEntry, grantedIn } from "../support/grant-log.ts";
import { type PrivateRedis, privateRedis } from "../support/private-redis.ts";
import { keysOf, removeKeys } from "../support/redis-stock.ts";
import { redisClusterUrl, redisUrl } from "../support/services.ts";
import { until } from "../support/until.ts";

const prefix = `test:${crypto.randomUUID()}:`;
const share: AwayPlan = { kind: "share", nodes: 4 };

interface Node {
  readonly limiter: SharedLimiter;
  readonly log: GrantEntry[];
}

function nodeOn(connection: RedisConnection, away: AwayPlan = share): Node {
  const log: GrantEntry[] = [];
  const granted = (_: string, __: string, taken: GrantEntry) => void log.push(taken);
  const clock = systemClock;
  return { limiter: redisRateLimiter({ connection, clock, prefix, away, granted }), log };
}

/** Asks `perTurn` times in each turn of about a millisecond; how many were let through. */
async function crowd(
  { limiter }: Node,
  key: string,
  limit: () => RateLimit,
  { perTurn, forMs }: { perTurn: number; forMs: number },
): Promise<number> {
  const endAt = performance.now() + forMs;
  let admitted = 0;
  while (performance.now() < endAt) {
    for (let n = 0; n < perTurn; n += 1) {
      if (limiter.known("sale", key, limit()) !== null) continue;
      void Promise.resolve(limiter.take("sale", key, limit())).then(({ granted }) => {
        if (granted) admitted += 1;
      });
    }
    await Bun.sleep(1);
  }
  return admitted;
}

describe.each([
  ["one server", redisUrl],
  ["a cluster", redisClusterUrl],
])("four limiters on %s", (_, url) => {
  const connections = Array.from({ length: 4 }, () => openRedis(url));
  beforeAll(() => Promise.all(connections.map((connection) => connection.ready(5_000))));
  afterAll(async () => {
    const [first] = connections;
    if (first !== undefined) await removeKeys(first, prefix);
    for (const connection of connections) connection.close();
  });

  test.each<[string, RateLimit]>([
    ["a bucket with a burst", { perSecond: 1_000, burst: 1_000 }],
    ["a bucket with little burst", { perSecond: 2_000, burst: 40 }],
    ["a slow bucket", { perSecond: 20, burst: 3 }],
  ])("grant all of the rate and never more: %s", async (name, limit) => {
    const nodes = connections.map((connection) => nodeOn(connection));
    const forMs = 3_000;
    const load = { perTurn: 5, forMs };
    const admitted = await Promise.all(nodes.map((node) => crowd(node, name, () => limit, load)));
    const log = nodes.flatMap((node) => node.log);
    expect(excessOf(log, limit)).toBe(0);
    const span = (Math.max(...log.map(({ atMicros }) => atMicros)) - (log[0]?.atMicros ?? 0)) / 1e6;
    const most = limit.perSecond * span + limit.burst;
    // What the last answers left, and what was granted to those who had gone.
    expect(grantedIn(log)).toBeGreaterThan(most * 0.99 - 4);
    await until(() => nodes.every(({ limiter }) => limiter.counts().failures === 0));
    expect(admitted.reduce((sum, n) => sum + n)).toBeGreaterThan(most * 0.98 - 20);
    for (const { limiter } of nodes) {
      expect(limiter.counts().calls).toBeLessThan((forMs / 1_000) * 200 + 100);
    }
  });

  test("follow a rate that changes, each as soon as it knows", async () => {
    const nodes = connections.map((connection) => nodeOn(connection));
    const [slow, fast] = [
      { perSecond: 500, burst: 100 },
      { perSecond: 2_000, burst: 100 },
    ];
    let changed = false;
    const load = { perTurn: 5, forMs: 2_000 };
    const crowds = nodes.map((node) => crowd(node, "moves", () => (changed ? fast : slow), load));
    await Bun.sleep(1_000);
    const atMicros = Date.now() * 1_000;
    changed = true;
    await Promise.all(crowds);
    const log = nodes.flatMap((node) => node.log);
    expect(
      excessOf(
        log.filter((one) => one.atMicros < atMicros),
        slow,
      ),
    ).toBe(0);
    expect(excessOf(log, fast)).toBe(0);
    expect(grantedIn(log)).toBeGreaterThan(2_300);
  });

  test("keep a bucket until it is full again, and no longer", async () => {
    const [connection] = connections;
    if (connection === undefined) throw new Error("there are four");
    const { limiter, log } = nodeOn(connection);
    await Promise.all(
      [1, 2, 3].map(() => limiter.take("sale", "kept", { perSecond: 4, burst: 3 })),
    );
    const key = tokenKey(prefix, "sale", "kept");
    const expiresAtMs = Number(await connection.send(key, ["PEXPIRETIME", key]));
    const fullAtMs = (log[0]?.atMicros ?? 0) / 1_000 + 750;
    expect(expiresAtMs).toBeGreaterThanOrEqual(fullAtMs);
    expect(expiresAtMs).toBeLessThan(fullAtMs + 2);
  });

  test("take from many buckets in few calls, and leave none of them behind", async () => {
    const [connection] = connections;
    if (connection === undefined) throw new Error("there are four");
    const { limiter } = nodeOn(connection);
    const limit = { perSecond: 100, burst: 2 };
    const asked = Array.from({ length: 3_000 }, (__, n) =>
      limiter.take(n % 2 === 0 ? "ip" : "buyer", `name-${n % 1_500}`, limit),
    );
    const admitted = (await Promise.all(asked)).filter(({ granted }) => granted);
    expect(admitted).toHaveLength(3_000);
    expect(limiter.counts().calls).toBeLessThan(60);
    await until(async () => {
      const found = [...connection.masters().values()].map((node) => keysOf(node, prefix));
      return (await Promise.all(found)).flat().every((key) => !key.includes("name-"));
    });
  });
});

describe("while Redis is away", () => {
  let server: PrivateRedis;
  let connection: RedisConnection;
  beforeEach(async () => {
    server = await privateRedis();
    await server.start();
    connection = openRedis(server.url);
    await connection.ready(5_000);
  });
  afterEach(async () => {
    connection.close();
    await server.remove();
  });

  const limit = { perSecond: 400, burst: 40 };
  const takes = (node: Node, n: number, policy: "sale" | "buyer" = "sale") =>
    Promise.all(Array.from({ length: n }, () => node.limiter.take(policy, "k", limit)));

  test("each grants its share of a rate, and what is common again once it is back", async () => {
    const node = nodeOn(connection);
    await takes(node, 100);
    await server.kill();
    await until(async () => (await takes(node, 1))[0]?.granted === true);
    const calls = node.limiter.counts().calls;
    const startedAt = performance.now();
    const load = { perTurn: 5, forMs: 1_000 };
    const granted = await crowd(node, "k", () => limit, load);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(granted).toBeLessThanOrEqual((seconds * limit.perSecond) / 4 + limit.burst / 4 + 1);
    expect(granted).toBeGreaterThan((seconds * limit.perSecond) / 8);
    expect(node.limiter.counts().calls - calls).toBeLessThan(15);
    await server.start();
    await until(async () => (await takes(node, 1)) !== null && node.log.length > 1);
    const logged = node.log.length;
    expect(await crowd(node, "k", () => limit, load)).toBeGreaterThan(limit.perSecond * 0.8);
    expect(node.log.length).toBeGreaterThan(logged);
  });

  test("a buyer who was not here before gets his share of the burst at once", async () => {
    const node = nodeOn(connection);
    await server.kill();
    const granted = (await takes(node, 50, "buyer")).filter((one) => one.granted);
    expect(granted.length).toBeGreaterThanOrEqual(limit.burst / 4);
    expect(granted.length).toBeLessThan(limit.burst / 2);
  });

  test("nobody is let through where that is wanted, and it is said why", async () => {
    const node = nodeOn(connection, { kind: "refuse" });
    await server.kill();
    expect(await takes(node, 1)).toEqual([{ granted: false, why: "away", retryAfterMs: 1_000 }]);
    expect(node.limiter.known("sale", "k", limit)).toMatchObject({ why: "away" });
    await server.start();
    await until(async () => (await takes(node, 1))[0]?.granted === true);
  });

  test("a server that hangs keeps those who ask no longer than a command may take", async () => {
    const node = nodeOn(connection);
    await takes(node, 1);
    server.hang();
    const answers = await takes(node, 10);
    expect(answers).toHaveLength(10);
    expect(node.limiter.counts().failures).toBe(1);
    server.resume();
    await until(async () => (await takes(node, 1)) !== null && node.log.length > 1);
  });
});
