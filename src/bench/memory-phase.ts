/** What a server that has taken many orders weighs: a fresh engine, N accepted orders at full
 *  speed, and its resident memory before, right after, and once everything is settled. */
import { residentBytesOf } from "../rush/process-usage.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { saturate } from "./closed-loop.ts";
import type { Cores } from "./cores.ts";
import { auditFindings, type EngineUnderTest, startEngineUnderTest } from "./engine-under-test.ts";
import type { LoadResult } from "./load-meter.ts";
import { requestsFor, wrongAnswers } from "./paths.ts";

export interface MemoryReport {
  readonly orders: number;
  readonly startMiB: number | undefined;
  readonly afterLoadMiB: number | undefined;
  readonly settledMiB: number | undefined;
  readonly acceptedPerSecond: number;
  readonly persistedPerSecond: number;
  /** Upper bound of the time from an order's append to its commit for 99 of 100 batches, of the
   * oldest order in each, in seconds. */
  readonly persistLagP99: number | undefined;
  readonly failures: readonly string[];
}

/** Orders whose requests are prepared at once: bounds the memory of the load itself. */
const PORTION = 50_000;
const NO_TIME_LIMIT_SECONDS = 3600;

export async function measureMemory(
  plan: BenchPlan,
  cores: Cores,
  progress: (line: string) => void,
): Promise<MemoryReport> {
  const engine = await startEngineUnderTest(plan, cores.server);
  try {
    return await measure(plan, engine, progress);
  } finally {
    await engine.stop();
  }
}

async function measure(
  plan: BenchPlan,
  engine: EngineUnderTest,
  progress: (line: string) => void,
): Promise<MemoryReport> {
  const { pid } = engine.process;
  const startMiB = residentMiB(pid);
  const failures: string[] = [];
  let [accepted, loadSeconds] = [0, 0];
  while (accepted < plan.orders && failures.length === 0) {
    progress(`memory: ${accepted} of ${plan.orders} orders`);
    const result = await buy(plan, engine, Math.min(PORTION, plan.orders - accepted));
    accepted += result.statuses["202"] ?? 0;
    loadSeconds += result.seconds;
    failures.push(...wrongAnswers("accept", result));
  }
  const afterLoadMiB = residentMiB(pid);
  const settlingFrom = performance.now();
  failures.push(...(await auditFindings(engine, "accept", accepted)));
  const settleSeconds = (performance.now() - settlingFrom) / 1000;
  return {
    orders: accepted,
    startMiB,
    afterLoadMiB,
    settledMiB: residentMiB(pid),
    acceptedPerSecond: accepted / loadSeconds,
    persistedPerSecond: accepted / (loadSeconds + settleSeconds),
    persistLagP99: await persistLagOf(engine.ordersUrl),
    failures,
  };
}

function buy(plan: BenchPlan, engine: EngineUnderTest, count: number): Promise<LoadResult> {
  const { buyers, endpoint, saleIds, pool, process: server } = engine;
  const requests = requestsFor("accept", buyers, endpoint, saleIds.accept, count);
  const { connections } = plan;
  const seconds = NO_TIME_LIMIT_SECONDS;
  return saturate({ pool, connections, requests, seconds, serverPid: server.pid });
}

async function persistLagOf(url: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/metrics`);
  const bucket = /^doorbuster_persist_lag_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm;
  const counts = [...(await answer.text()).matchAll(bucket)].map(
    ([, le, count]) => [Number(le === "+Inf" ? Infinity : le), Number(count)] as const,
  );
  const total = counts.at(-1)?.[1] ?? 0;
  return counts.find(([, count]) => count >= total * 0.99)?.[0];
}

function residentMiB(pid: number): number | undefined {
  const bytes = residentBytesOf(pid);
  return bytes === undefined ? undefined : Math.round((bytes / 2 ** 20) * 10) / 10;
}
