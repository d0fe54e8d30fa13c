// A cluster of our own processes on the real services, with a MariaDB of its own that may be slowed
// down: one api, one orders, one controller, under names that nobody else has.

import { kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { operationsOn } from "../../src/compose/operations.ts";
import type { LogLag } from "../../src/ports/order-log.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { atExit } from "../../src/rush/at-exit.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { newSecret } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { configurations, writeConfigurations } from "../services/control.ts";
import { mariadbServer } from "../services/mariadb.ts";
import { pidOf, signalServer, startServer, stopServer } from "../services/server.ts";
import { configIn } from "../support/config-in.ts";
import { lastingPort } from "../support/free-port.ts";

export interface AdaptiveStage {
  readonly secret: string;
  readonly api: EngineProcess;
  readonly orders: EngineProcess;
  readonly controller: EngineProcess;
  readonly mariadbPid: number;
  /** How far the ledger is behind, as the brokers say it. */
  lag(): Promise<LogLag>;
  /** How long MariaDB takes for a piece of work that is always the same. */
  workMs(): Promise<number>;
  close(): Promise<void>;
}

export async function openAdaptiveStage(): Promise<AdaptiveStage> {
  const data = await makeTemporaryDirectory("adaptive");
  const server = mariadbServer({ dir: data.path, port: await lastingPort() });
  const callOff = atExit(() => signalServer(server, "SIGKILL"));
  await startServer(server);
  const config = await configOn(Number(server.command.find(isPort)?.split("=")[1]));
  const operations = operationsOn(config);
  await operations.migrate();
  const secret = newSecret();
  const common = { dataDir: data.path, secret, settings: settingsOf(config) };
  const [api, orders, controller] = await Promise.all([
    startEngine({ ...common, roles: "api" }),
    startEngine({ ...common, roles: "orders" }),
    startEngine({ ...common, roles: "controller" }),
  ]);
  const log = kafkaOrderLog(config.kafka, unheard);
  const mysql = openMysql({ ...config.mysql, connections: 1 });

  async function workMs(): Promise<number> {
    const startedAt = performance.now();
    await mysql.use((session) => session.query("SELECT BENCHMARK(200000, MD5('work'))"));
    return performance.now() - startedAt;
  }

  async function close(): Promise<void> {
    await Promise.all([api, orders, controller].map((engine) => engine.stop()));
    await Promise.all([log.close(), mysql.close()]);
    await operations.removeEverything();
    await stopServer(server, "SIGKILL");
    callOff();
    await data.remove();
  }

  const mariadbPid = pidOf(server) ?? 0;
  const lag = () => log.lag(ordersGroup);
  return { secret, api, orders, controller, mariadbPid, lag, workMs, close };
}

const isPort = (word: string) => word.startsWith("--port=");

async function configOn(port: number) {
  writeConfigurations();
  const given = await configIn(configurations.single);
  const url = `mysql://doorbuster:doorbuster@127.0.0.1:${port}/doorbuster`;
  return underNewNames({ ...given, mysql: { ...given.mysql, url } });
}

const ignore = () => undefined;
const unheard = {
  ...{ trouble: ignore, alarm: ignore, reconnected: ignore },
  ...{ redelivered: ignore, assigned: ignore },
};
