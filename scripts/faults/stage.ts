// A cluster of our own processes on the real services, under names of its own: one api, one or
// more orders processes, one controller, each of which a fault may kill.

import { etcdClient } from "../../src/adapters/etcd/client.ts";
import { listLocks } from "../../src/adapters/etcd/lock-list.ts";
import { mysqlOrderRepository } from "../../src/adapters/mysql/order-repository.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { type Operations, operationsOn } from "../../src/compose/operations.ts";
import type { Config } from "../../src/config/validate.ts";
import type { SaleId } from "../../src/domain/ids.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { configurations, writeConfigurations } from "../services/control.ts";
import { configIn } from "../support/config-in.ts";

/** Shorter than in earnest, so that a controller that is stopped loses its locks soon. */
export const lockTtlSeconds = 3;

export type RoleName = "api" | "orders" | "controller";

export interface Stage {
  readonly config: Config;
  readonly operations: Operations;
  readonly tokens: ReturnType<typeof signedTokens>;
  /** Where the api answers; the same after a restart. */
  readonly url: string;
  start(role: RoleName): Promise<EngineProcess>;
  running(role: RoleName): readonly EngineProcess[];
  kill(role: RoleName): Promise<void>;
  stop(engine: EngineProcess): Promise<void>;
  /** Sum of a counter over the processes of a role that run now. */
  counter(role: RoleName, name: string): Promise<number>;
  counterOf(engine: EngineProcess, name: string): Promise<number>;
  /** The highest epoch that the ledger has given. */
  epochOf(saleId: string): Promise<number>;
  /** Units that the ledger has sold. */
  soldOf(saleId: string): Promise<number>;
  /** The controller that holds a sale, or null. */
  controllerOf(saleId: string): Promise<EngineProcess | null>;
  close(): Promise<void>;
}

/** On the Redis of `npm run services`, or on another one. */
export async function openStage(redisUrl?: string): Promise<Stage> {
  writeConfigurations();
  const given = underNewNames(await configIn(configurations.single));
  const redis = { ...given.redis, ...(redisUrl === undefined ? {} : { url: redisUrl }) };
  const config = { ...given, redis, etcd: { ...given.etcd, ttlSeconds: lockTtlSeconds } };
  const operations = operationsOn(config);
  await operations.migrate();
  const data = await makeTemporaryDirectory("faults");
  const secret = newSecret();
  const settings = settingsOf(config);
  const processes = new Map<EngineProcess, RoleName>();
  let port = 0;

  async function start(role: RoleName): Promise<EngineProcess> {
    const own = role === "api" ? { port } : {};
    const engine = await startEngine({ dataDir: data.path, secret, settings, roles: role, ...own });
    processes.set(engine, role);
    if (role === "api") port = Number(new URL(engine.url).port);
    return engine;
  }

  const running = (role: RoleName) =>
    [...processes].filter(([, its]) => its === role).map(([engine]) => engine);

  async function kill(role: RoleName): Promise<void> {
    const [engine] = running(role);
    if (engine === undefined) throw new Error(`no ${role} is running`);
    processes.delete(engine);
    await engine.kill();
  }

  async function stop(engine: EngineProcess): Promise<void> {
    processes.delete(engine);
    await engine.stop();
  }

  const counterOf = async ({ url }: EngineProcess, name: string) =>
    readingOf(await metricsOf(url), name);

  async function counter(role: RoleName, name: string): Promise<number> {
    const counts = await Promise.all(running(role).map((engine) => counterOf(engine, name)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  const mysql = openMysql(config.mysql);
  const ledger = mysqlOrderRepository(mysql);
  const epochOf = async (saleId: string) => (await ledger.ledger(saleId as SaleId))?.epoch ?? 0;
  const soldOf = async (saleId: string) => (await ledger.ledger(saleId as SaleId))?.sold ?? 0;

  async function controllerOf(saleId: string): Promise<EngineProcess | null> {
    const [lock] = await listLocks(etcdClient(config.etcd), config.etcd, `sales/${saleId}/`);
    const pid = Number(lock?.queue[0]?.holder.match(/process (\d+)/)?.[1]);
    return running("controller").find((engine) => engine.pid === pid) ?? null;
  }

  async function close(): Promise<void> {
    await Promise.all([...processes.keys()].map((engine) => engine.stop()));
    await mysql.close();
    await data.remove();
    await operations.removeEverything();
  }

  const [api] = await Promise.all([start("api"), start("orders"), start("controller")]);
  const tokens = signedTokens(secret);
  const { url } = api;
  const processesOf = { start, running, kill, stop, close };
  const seen = { counter, counterOf, controllerOf, epochOf, soldOf };
  return { config, operations, tokens, url, ...seen, ...processesOf };
}

async function metricsOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`).catch(() => null);
  return answer === null ? "" : await answer.text();
}

function readingOf(text: string, metric: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`${metric} `));
  return Number(line?.split(" ")[1] ?? 0);
}
