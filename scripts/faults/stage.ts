// A cluster of our own processes on the real services, under names of its own: one api, one or
// more orders processes, one controller, each of which a fault may kill.

import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { type Operations, operationsOn } from "../../src/compose/operations.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/validate.ts";
import { type EngineProcess, startEngine } from "../../src/rush/engine-process.ts";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { configurations, writeConfigurations } from "../services/control.ts";

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
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  writeConfigurations();
  const config = underNewNames(await configOf(configurations.single));
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

  async function counter(role: RoleName, name: string): Promise<number> {
    const texts = await Promise.all(running(role).map(({ url }) => metricsOf(url)));
    return texts.reduce((sum, text) => sum + readingOf(text, name), 0);
  }

  async function close(): Promise<void> {
    await Promise.all([...processes.keys()].map((engine) => engine.stop()));
    await data.remove();
    await operations.removeEverything();
  }

  const [api] = await Promise.all([start("api"), start("orders"), start("controller")]);
  const tokens = signedTokens(secret);
  const { url } = api;
  return { config, operations, tokens, url, start, running, kill, stop, counter, close };
}

async function configOf(file: string): Promise<Config> {
  const loaded = await loadConfig({ cwd: process.cwd(), env: {}, file, flags: [] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}

async function metricsOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`).catch(() => null);
  return answer === null ? "" : await answer.text();
}

function readingOf(text: string, metric: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`${metric} `));
  return Number(line?.split(" ")[1] ?? 0);
}
