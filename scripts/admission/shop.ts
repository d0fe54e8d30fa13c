// A cluster of our own processes on the real services, under names of its own: several of the role
// api, each on a port of its own and told to log what it is granted, and one for the rest.

import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { operationsOn } from "../../src/compose/operations.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { newSecret } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { configurations, writeConfigurations } from "../services/control.ts";
import { freePort } from "../support/free-port.ts";

/** What one script call granted. */
export interface GrantLine {
  readonly node: number;
  readonly key: string;
  readonly perSecond: number;
  readonly granted: number;
  readonly atMicros: number;
}

export interface Shop {
  readonly secret: string;
  readonly apis: readonly EngineProcess[];
  readonly grants: readonly GrantLine[];
  /** Kills an api and starts it again on its port. */
  restart(node: number): Promise<void>;
  close(): Promise<void>;
}

export async function openShop(nodes: number): Promise<Shop> {
  writeConfigurations();
  const loaded = await loadConfig({ cwd: ".", env: {}, file: configurations.single });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const config = underNewNames(loaded.value.config);
  const operations = operationsOn(config);
  await operations.migrate();
  const data = await makeTemporaryDirectory("admission");
  const secret = newSecret();
  const grants: GrantLine[] = [];
  const own = { DOORBUSTER_LOG_LEVEL: "debug", DOORBUSTER_ADMISSION_NODES: String(nodes) };
  const settings = settingsOf(config);
  const ports = await Promise.all(Array.from({ length: nodes }, () => freePort()));

  const startApi = (node: number) =>
    startEngine({
      ...{ dataDir: data.path, secret, roles: "api", port: ports[node] ?? 0 },
      settings: { ...settings, ...own },
      onLine: (line: string) => grants.push(...grantsIn(line, node)),
    });

  const rest = await startEngine({
    ...{ dataDir: data.path, secret, settings, roles: "orders,controller" },
  });
  const apis = await Promise.all(ports.map((_, node) => startApi(node)));

  return {
    ...{ secret, apis, grants },
    restart: async (node) => {
      await apis[node]?.kill();
      apis[node] = await startApi(node);
    },
    close: async () => {
      await Promise.all([...apis, rest].map((engine) => engine.stop()));
      await data.remove();
      await operations.removeEverything();
    },
  };
}

function grantsIn(line: string, node: number): GrantLine[] {
  if (!line.includes('"msg":"tokens"')) return [];
  return [{ ...(JSON.parse(line) as Omit<GrantLine, "node">), node }];
}
