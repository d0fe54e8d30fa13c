/** `serve --workers N`: N processes of the role api on one port, one process for the other roles,
 * and this one, which starts them, starts anew what ends by itself, and stops them together. */
import type { Subprocess } from "bun";
import type { Config } from "../config/validate.ts";
import { limits } from "../domain/limits.ts";
import type { Logger } from "../observability/logger.ts";
import { selfCommand } from "../rush/engine-process.ts";
import { ownUrl } from "./connection.ts";
import type { ServeFlags } from "./serve.ts";
import type { World } from "./world.ts";

/** Doubles with each failure in a row. */
const restartAfterMs = { first: 500, most: 10_000 };
/** A process that lived this long did not fail at its start. */
const steadyMs = 30_000;

interface WorkerPlan {
  readonly name: string;
  readonly args: readonly string[];
  readonly metricsPort: number | null;
}

/** Each process of its own kind, with a port for its metrics where they have one. */
export function planWorkers(config: Config, flags: ServeFlags): WorkerPlan[] {
  const { roles, workers, port, metrics } = config;
  // Standard input is a pipe from here: its end tells a worker that nobody keeps it any more.
  const common = [...passedOn(flags), "--workers", "1", "--stop-with-stdin", "--json"];
  const metricsPort = (at: number) => (metrics.port === null ? null : metrics.port + at);
  const plans: WorkerPlan[] = Array.from({ length: workers }, (_, at) => ({
    name: `api-${at + 1}`,
    args: ["--roles", "api", "--port", String(port), "--share-port", ...common],
    metricsPort: metricsPort(at),
  }));
  const others = roles.filter((role) => role !== "api");
  if (others.length === 0) return plans;
  const args = ["--roles", others.join(","), "--port", "0", ...common];
  return [...plans, { name: others.join("+"), args, metricsPort: metricsPort(workers) }];
}

function passedOn({ config, host, data, logLevel, logFormat }: ServeFlags): string[] {
  const pairs = [
    ["--config", config],
    ["--host", host],
    ["--data", data],
    ["--log-level", logLevel],
    ["--log-format", logFormat],
  ] as const;
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}

export interface Workers {
  /** Where the api listens; resolves once every process does. */
  readonly listening: Promise<string>;
  /** Asks all of them to stop, and resolves once they have. */
  stop(): Promise<void>;
}

export function startWorkers(
  world: World,
  config: Config,
  flags: ServeFlags,
  log: Logger,
): Workers {
  const running = planWorkers(config, flags).map((plan) => keepRunning(world, plan, log));
  return {
    listening: Promise.all(running.map((worker) => worker.listening)).then(() => ownUrl(config)),
    stop: async () => {
      await Promise.all(running.map((worker) => worker.stop()));
    },
  };
}

type Child = Subprocess<"pipe", "pipe", "inherit">;

function keepRunning(world: World, plan: WorkerPlan, log: Logger) {
  const listening = Promise.withResolvers<void>();
  const stopping = Promise.withResolvers<void>();
  let stopped = false;
  let failures = 0;
  let child = spawn(world, plan);
  const ended = (async () => {
    for (;;) {
      const startedAt = performance.now();
      void watchForListening(child).then(listening.resolve);
      const code = await child.exited;
      if (stopped) return;
      failures = performance.now() - startedAt > steadyMs ? 1 : failures + 1;
      const delayMs = Math.min(restartAfterMs.first * 2 ** (failures - 1), restartAfterMs.most);
      log.error({ worker: plan.name, code, delayMs }, "a worker ended; starting it again");
      await Promise.race([Bun.sleep(delayMs), stopping.promise]);
      if (stopped) return;
      child = spawn(world, plan);
    }
  })();

  async function stop(): Promise<void> {
    stopped = true;
    stopping.resolve();
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), limits.shutdownDeadlineMs + 5_000);
    await child.exited;
    clearTimeout(late);
    await ended;
  }

  return { listening: listening.promise, stop };
}

function spawn(world: World, { args, metricsPort }: WorkerPlan): Child {
  const metrics = metricsPort === null ? {} : { DOORBUSTER_METRICS_PORT: String(metricsPort) };
  return Bun.spawn([...selfCommand(), "serve", ...args], {
    cwd: world.cwd,
    env: { ...world.env, ...metrics },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/** Reads to the end: a full pipe would stop the worker. */
async function watchForListening(child: Child): Promise<void> {
  const found = Promise.withResolvers<void>();
  void (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text = (text + decoder.decode(chunk, { stream: true })).slice(-10_000);
      if (text.includes('"event":"listening"')) found.resolve();
    }
  })();
  await found.promise;
}
