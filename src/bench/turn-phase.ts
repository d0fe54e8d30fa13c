/** How two processes share the lock of one sale, by the length of their turns: what a longer turn
 *  gains in orders, and what passing the lock on costs. */
import { startClusterProcesses } from "../rush/cluster-processes.ts";
import { ConnectionPool } from "../rush/connection-pool.ts";
import type { EngineProcess } from "../rush/engine-process.ts";
import { endpointOf } from "../rush/exchange.ts";
import type { Cluster } from "../rush/rush-plan.ts";
import { SaleClient } from "../rush/sale-client.ts";
import { newSecret } from "../rush/target.ts";
import { makeTemporaryDirectory } from "../rush/temporary-directory.ts";
import { TokenSigner } from "../rush/tokens.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { FreshBuyers } from "./buyers.ts";
import { saturate } from "./closed-loop.ts";
import { auditOfSale } from "./engine-under-test.ts";
import { paths, wrongAnswers } from "./paths.ts";

export interface TurnFigures {
  /** What a turn takes while others wait, as configured. */
  readonly turnMs: number;
  /** Orders accepted per second by both processes together. */
  readonly perSecond: number;
  readonly turnsPerSecond: number;
  readonly requestsPerTurn: number;
  readonly heldMs: number;
  /** From the end of one process's turn to the begin of the other's. */
  readonly handOverMs: number;
  /** Of the slower of the two processes. */
  readonly p99Ms: number;
}

const turnLengthsMs = [10, 25, 50, 100, 200];
const apis = 2;
/** A purchase waits for the lock most of the time: what is decided in a turn is who waits. */
const connectionsShare = 4;
const requestsPerSecond = 20_000;

export async function measureTurns(plan: BenchPlan, progress: (line: string) => void) {
  const turns: TurnFigures[] = [];
  const failures: string[] = [];
  if (plan.newCluster === undefined) return { turns, failures };
  for (const turnMs of turnLengthsMs) {
    progress(`two processes, turns of ${turnMs} ms`);
    const cluster = await plan.newCluster();
    const row = await measureOne(plan, cluster, turnMs).finally(() => cluster.remove());
    turns.push(row.figures);
    failures.push(...row.failures.map((failure) => `turns of ${turnMs} ms: ${failure}`));
  }
  return { turns, failures };
}

async function measureOne(plan: BenchPlan, cluster: Cluster, turnMs: number) {
  const data = await makeTemporaryDirectory("bench");
  const secret = newSecret();
  const settings = { ...cluster.settings, DOORBUSTER_ETCD_TURN_MS: String(turnMs) };
  try {
    const place = { dataDir: data.path, secret, apis };
    const processes = await startClusterProcesses({ settings }, place);
    return await load(plan, processes.apis, secret, turnMs).finally(processes.stop);
  } finally {
    await data.remove();
  }
}

async function load(
  plan: BenchPlan,
  servers: readonly EngineProcess[],
  secret: string,
  turnMs: number,
) {
  const signer = new TokenSigner(secret, Date.now());
  const buyers = new FreshBuyers(signer);
  const client = new SaleClient(servers[0]?.url ?? "", signer.sign("bench-admin", "admin"));
  const sale = await client.openSale({ ...paths.accept.sale, strategy: "locked" });
  const seconds = plan.saturationSeconds;
  const connections = plan.connections * connectionsShare;
  const lanes = await Promise.all(
    servers.map(async ({ url, pid: serverPid }) => {
      const endpoint = endpointOf(url);
      const pool = new ConnectionPool({ endpoint, ...plan, connections });
      const count = Math.ceil(requestsPerSecond * seconds);
      const requests = buyers.purchases(endpoint, sale.id, count);
      await pool.ready;
      return { pool, connections, requests, seconds, serverPid };
    }),
  );
  const before = await countsOf(servers);
  const results = await Promise.all(lanes.map(saturate));
  const after = await countsOf(servers);
  for (const { pool } of lanes) pool.close();
  const findings = results.flatMap((result) => wrongAnswers("accept", result));
  const failures = [...findings, ...(await auditOfSale(client, sale.id))];
  const perSecond = results.reduce((sum, result) => sum + result.perSecond, 0);
  const p99Ms = Math.max(...results.map(({ latency }) => latency.p99Ms));
  return { figures: { turnMs, perSecond, p99Ms, ...inMeans(before, after, seconds) }, failures };
}

/** The counters of the lock, in sum over the processes, by the middle of their names. */
async function countsOf(servers: readonly EngineProcess[]): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const { url } of servers) {
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const [, name = "", value] of text.matchAll(
      /^doorbuster_sale_lock_(\w+)_total (\S+)$/gm,
    )) {
      sums.set(name, (sums.get(name) ?? 0) + Number(value));
    }
  }
  return sums;
}

/** While one holds the lock the other waits, so that a wait is a turn and two hand-overs. */
function inMeans(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  seconds: number,
) {
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const turns = Math.max(1, grown("turns"));
  const heldMs = (grown("held_seconds") * 1_000) / turns;
  const waitedMs = (grown("wait_seconds") * 1_000) / turns;
  return {
    turnsPerSecond: turns / seconds,
    requestsPerTurn: grown("decided") / turns,
    heldMs,
    handOverMs: Math.max(0, (waitedMs - heldMs) / 2),
  };
}
