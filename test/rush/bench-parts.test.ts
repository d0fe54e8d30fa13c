// The bench's parts, against the bare server and by themselves.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type BareServer, startBareServer } from "../../src/bench/bare-server.ts";
import { planBench } from "../../src/bench/bench-plan.ts";
import { FreshBuyers } from "../../src/bench/buyers.ts";
import { saturate } from "../../src/bench/closed-loop.ts";
import type { LoadResult } from "../../src/bench/load-meter.ts";
import { sendSteadily } from "../../src/bench/open-loop.ts";
import { wrongAnswers } from "../../src/bench/paths.ts";
import { PreparedRequests } from "../../src/bench/prepared-requests.ts";
import { mean, median, medianOfKnown } from "../../src/bench/statistics.ts";
import { strategyTables } from "../../src/bench/strategy-report.ts";
import { ConnectionPool } from "../../src/rush/connection-pool.ts";
import { endpointOf } from "../../src/rush/exchange.ts";
import { TokenSigner } from "../../src/rush/tokens.ts";

const textOf = (requests: PreparedRequests, request: number) => {
  const start = requests.startOf(request);
  return requests.bytes.toString("latin1", start, start + requests.lengthOf(request));
};

describe("prepared requests", () => {
  const write = (index: number) => "x".repeat(index + 1);

  test("are found where they were written, whatever their length", () => {
    const requests = new PreparedRequests(500, write, false);
    for (const index of [0, 1, 250, 499]) expect(textOf(requests, index)).toBe(write(index));
  });

  test("run out, or begin again", () => {
    const finite = new PreparedRequests(2, write, false);
    expect([finite.take(), finite.take(), finite.take()]).toEqual([0, 1, -1]);
    const endless = new PreparedRequests(2, write, true);
    expect([endless.take(), endless.take(), endless.take()]).toEqual([0, 1, 0]);
  });

  test("of fresh buyers never repeat a token or a key", () => {
    const buyers = new FreshBuyers(new TokenSigner("secret", 0));
    const endpoint = { hostname: "127.0.0.1", port: 1 };
    const batches = [1, 2].map(() => buyers.purchases(endpoint, "sale", 50));
    const texts = batches.flatMap((batch) =>
      Array.from({ length: 50 }, (_, n) => textOf(batch, n)),
    );
    for (const header of [/Bearer (\S+)/, /Idempotency-Key: (\S+)/]) {
      expect(new Set(texts.map((text) => header.exec(text)?.[1])).size).toBe(100);
    }
  });
});

describe("load on the bare server", () => {
  let server: BareServer;
  let pool: ConnectionPool;
  beforeAll(async () => {
    server = await startBareServer(undefined);
    const endpoint = endpointOf(server.url);
    pool = new ConnectionPool({ endpoint, connections: 8, queueMax: 100, deadlineMs: 5000 });
    await pool.ready;
  });
  afterAll(async () => {
    pool.close();
    await server.stop();
  });

  const requests = (count: number, cycles: boolean) =>
    new FreshBuyers(new TokenSigner("secret", 0)).purchases(
      endpointOf(server.url),
      "sale",
      count,
      cycles,
    );

  test("saturation ends when the requests have run out, each sent once", async () => {
    const result = await saturate({
      pool,
      connections: 8,
      requests: requests(1000, false),
      seconds: 60,
      serverPid: server.pid,
    });
    expect(result).toMatchObject({ statuses: { 200: 1000 }, lost: 0, drops: 0 });
    expect(result.examples).toEqual({ 200: '{"quantity":1}' });
  });

  test("saturation ends when its time is over", async () => {
    const load = { pool, connections: 8, seconds: 0.1, serverPid: server.pid };
    const result = await saturate({ ...load, requests: requests(100, true) });
    expect(result.answered).toBeGreaterThan(100);
    expect(result.seconds).toBeGreaterThanOrEqual(0.1);
  });

  test.each(["spinning", "relaxed"] as const)("a %s steady load keeps its rate", async (pace) => {
    const load = { pool, perSecond: 2000, seconds: 0.25, serverPid: server.pid, pace };
    const result = await sendSteadily({ ...load, requests: requests(500, false) });
    expect(result).toMatchObject({ answered: 500, lost: 0, drops: 0 });
    expect(result.seconds).toBeGreaterThanOrEqual(0.249);
  });
});

describe("what the answers of a path must be", () => {
  const load: LoadResult = {
    seconds: 1,
    answered: 1000,
    perSecond: 1000,
    statuses: { 409: 999, 202: 1 },
    lost: 0,
    drops: 0,
    latency: { count: 1000, meanMs: 1, p50Ms: 1, p95Ms: 1, p99Ms: 1, maxMs: 1 },
    serverCores: 1,
    clientCores: 1,
    perCpuSecond: 1000,
    examples: { 409: '{"type":"/problems/sold-out"}', 202: "{}" },
  };

  test("the expected ones and the few that open the path pass", () => {
    expect(wrongAnswers("soldOut", load)).toEqual([]);
  });

  test.each([
    ["a status nobody expects", { statuses: { 409: 999, 500: 1 } }],
    ["too many of those that open the path", { statuses: { 409: 900, 202: 100 } }],
    ["the right status with the wrong reason", { examples: { 409: "/problems/sale-ended" } }],
    ["no expected answer at all", { statuses: {}, examples: {} }],
    ["answers that never came", { lost: 1 }],
  ])("%s fail the bench", (_, changes) => {
    expect(wrongAnswers("soldOut", { ...load, ...changes })).toHaveLength(1);
  });
});

test("medians take the middle, and only of what is known", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(mean([1, 2, 6])).toBe(3);
  expect(medianOfKnown([undefined, 2, undefined])).toBe(2);
  expect(medianOfKnown([undefined])).toBeUndefined();
});

test("a plan out of range is refused with a reason", () => {
  expect(planBench({ rounds: 0 })).toMatchObject({
    ok: false,
    error: expect.stringContaining("rounds is 0"),
  });
  expect(planBench({ quick: true })).toMatchObject({ ok: true, value: { rounds: 2 } });
});

test("strategies are compared when one is asked for", () => {
  expect(planBench({})).toMatchObject({ value: { strategy: "atomic", comparesStrategies: false } });
  const asked = planBench({ strategy: "locked" });
  expect(asked).toMatchObject({ value: { strategy: "locked", comparesStrategies: true } });
});

test("the tables of the strategies show what there is", () => {
  const figures = { perSecond: { atomic: 9_000, locked: 8_000 }, failures: [] };
  expect(strategyTables(undefined)).toEqual([]);
  const embedded = strategyTables({ ...figures, locks: undefined, turns: [] }).join("\n");
  expect(embedded).toContain("locked          8,000");
  expect(embedded).not.toContain("database");
  const locks = { alone: 300, queued: 250, inTurns: 60_000, ratio: 200, orderRatio: 26.7 };
  const load = { perSecond: 5_000, turnsPerSecond: 20, requestsPerTurn: 250, p99Ms: 200 };
  const turns = [{ turnMs: 25, heldMs: 24, handOverMs: 6.25, ...load }];
  const clustered = strategyTables({ ...figures, locks, turns }).join("\n");
  expect(clustered).toMatch(/turn ÷ each +200/);
  expect(clustered).toMatch(/turns of 25 ms +5,000 +20.0 +250 +24.0 ms +6.3 ms +200.0 ms/);
});
