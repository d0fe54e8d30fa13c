// A whole rush against a server in memory: one that keeps its promises, and ones that break one.

import { afterEach, expect, test } from "bun:test";
import { runRush } from "../../src/rush/rush.ts";
import type { RushOptions } from "../../src/rush/rush-plan.ts";
import { formatRushReport, type RushReport } from "../../src/rush/rush-report.ts";
import { FakeEngine, type FakeFaults } from "../support/fake-engine.ts";

const crowd: RushOptions = {
  buyers: 200,
  stock: 50,
  durationSeconds: 0.2,
  retryShare: 0.4,
  greedyShare: 0.4,
  seed: 1,
};
const engines: FakeEngine[] = [];
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

function rushAt(faults: FakeFaults, options: RushOptions = {}): Promise<RushReport> {
  const engine = new FakeEngine(faults);
  engines.push(engine);
  return runRush({ ...crowd, ...options, url: engine.url });
}

test("a sound server sells its stock, and both judges agree", async () => {
  const report = await rushAt({});
  expect(report).toMatchObject({ verdict: "ok", accepted: 50, persisted: 50, oversold: 0 });
  expect(report).toMatchObject({ duplicates: 0, drops: 0, lost: 0, gaveUp: 0, unexpected: {} });
  expect(report.duplicateAnswers).toBeGreaterThan(0);
  expect(report.limited).toBeGreaterThan(0);
  expect(report.soldOut).toBeGreaterThanOrEqual(150);
  expect(report.latency.count).toBe(report.requests);
});

test.each([429, 503] as const)("a %p is tried again with the same key", async (firstTry) => {
  const report = await rushAt({ firstTry });
  expect(report).toMatchObject({ verdict: "ok", accepted: 50, gaveUp: 0 });
  expect(firstTry === 429 ? report.rateLimited : report.unavailable).toBeGreaterThan(200);
});

test.each([
  ["sells without limit", { sellsWithoutLimit: true }, "oversold"],
  ["forgets request keys", { forgetsKeys: true }, "order-forgotten"],
  ["loses accepted orders", { losesOrders: true }, "lost-order"],
] as const)("a server that %s fails the rush", async (_, faults, kind) => {
  const report = await rushAt(faults);
  expect(report.verdict).toBe("failed");
  expect(report.checker.violations.map((violation) => violation.kind)).toContain(kind);
  expect(formatRushReport(report)).toContain("FAILED");
});

test("by rate and duration, as many come as that makes", async () => {
  const { buyers: _, ...rest } = crowd;
  const engine = new FakeEngine();
  engines.push(engine);
  const report = await runRush({ ...rest, url: engine.url, rate: 500 });
  expect(report).toMatchObject({ verdict: "ok", buyers: 100, accepted: 50 });
});

test.each([
  [{ buyers: 0 }, "buyers is 0"],
  [{ stock: 1.5 }, "stock is 1.5"],
  [{ retryShare: 2 }, "retryShare is 2"],
  [{ rate: 10, durationSeconds: 2, buyers: 5 }, "contradict"],
  [{ url: "ftp://x" }, "http://HOST:PORT"],
])("%p is refused with a reason", async (options, reason) => {
  await expect(runRush(options)).rejects.toThrow(reason);
});

test("a server that is away is said to be away", async () => {
  const engine = new FakeEngine();
  const { url } = engine;
  await engine.stop();
  await expect(runRush({ ...crowd, url })).rejects.toThrow(`no answer from ${url}`);
});
