// The engine under load: its roles in processes of their own on the real services, under names of
// their own, and several processes of the role api behind one address.

import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { operationsOn } from "../../src/compose/operations.ts";
import type { StoredSale } from "../../src/rush/checker.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { readStoredInMysql } from "../../src/rush/mysql-tables.ts";
import { cpuSecondsOf } from "../../src/rush/process-usage.ts";
import { newSecret } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { configurations, writeConfigurations } from "../services/control.ts";
import { configIn } from "../support/config-in.ts";
import { lastingPort } from "../support/free-port.ts";

export interface Stage {
  readonly url: string;
  readonly secret: string;
  /** For files of the run; removed with the stage. */
  readonly directory: string;
  /** CPU seconds that all our processes have used, where the system tells. */
  cpuSeconds(): number;
  /** Past the engine, in SQL of the reader's own. */
  readTables(saleId: string): Promise<StoredSale>;
  close(): Promise<void>;
}

export interface StageOptions {
  readonly workers: number;
  /** A configuration with the services to use. */
  readonly config?: string;
}

export async function openStage({ workers, config: file }: StageOptions): Promise<Stage> {
  if (file === undefined) writeConfigurations();
  const config = underNewNames(await configIn(file ?? configurations.single));
  const operations = operationsOn(config);
  await operations.migrate();
  const data = await makeTemporaryDirectory("k6");
  const secret = newSecret();
  const own = { DOORBUSTER_SHARE_PORT: "true", DOORBUSTER_ADMISSION_NODES: String(workers) };
  const place = { dataDir: data.path, secret, settings: { ...settingsOf(config), ...own } };
  const port = await lastingPort();
  const apis = Array.from({ length: workers }, () => ({ ...place, roles: "api", port }));
  const others = ["orders", "controller"].map((roles) => ({ ...place, roles }));
  const engines = await startAll([...apis, ...others]);

  return {
    ...{ url: `http://127.0.0.1:${port}`, secret, directory: data.path },
    cpuSeconds: () => engines.reduce((sum, { pid }) => sum + (cpuSecondsOf(pid) ?? 0), 0),
    readTables: (saleId) => readStoredInMysql(config.mysql, saleId),
    close: async () => {
      await Promise.all(engines.map((engine) => engine.stop()));
      await data.remove();
      await operations.removeEverything();
    },
  };
}

/** One that does not start stops the others. */
async function startAll(all: readonly Parameters<typeof startEngine>[0][]) {
  const settled = await Promise.allSettled(all.map(startEngine));
  const started = settled.flatMap((one): EngineProcess[] =>
    one.status === "fulfilled" ? [one.value] : [],
  );
  if (started.length === all.length) return started;
  await Promise.all(started.map((engine) => engine.stop()));
  throw settled.find((one) => one.status === "rejected")?.reason;
}
