/** Redis servers that only one test file uses, so that it may stop, hang, flush and break them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redisAnswers } from "../../scripts/services/probes.ts";
import { type RedisOptions, redisServer } from "../../scripts/services/redis.ts";
import {
  type Server,
  signalServer,
  startServer,
  stopServer,
} from "../../scripts/services/server.ts";
import { freePort } from "../../scripts/support/free-port.ts";
import { suspendServer } from "../../scripts/support/suspend-server.ts";

export interface PrivateRedis {
  readonly port: number;
  readonly url: string;
  /** Resolves once it answers. */
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
  /** It keeps its connections and answers nothing. */
  hang(): void;
  resume(): void;
}

/** Loopback has ports for the bus of a cluster 10,000 above those of clients. */
const highestPort = 55_535;

export async function privateRedis(
  options: Pick<RedisOptions, "cluster" | "settings"> = {},
): Promise<PrivateRedis> {
  const port = await freePort(highestPort);
  const server = redisServer({ dir: newDirectory(), port, ...options });
  return { ...controlOf(server), port, url: `redis://127.0.0.1:${port}` };
}

/** A sentinel that watches a master under the name `shop` and gives it up soon. */
export async function privateSentinel(
  masterPort: number,
  settings: readonly string[] = [],
): Promise<PrivateRedis> {
  const port = await freePort(highestPort);
  const config = [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor shop 127.0.0.1 ${masterPort} 1`,
    "sentinel down-after-milliseconds shop 500",
    "sentinel failover-timeout shop 2000",
    ...settings,
  ];
  const dir = newDirectory();
  writeFileSync(join(dir, "sentinel.conf"), config.join("\n"));
  const [program = ""] = redisServer({ dir, port }).command;
  const command = [program, join(dir, "sentinel.conf"), "--sentinel", "--set-proc-title", "no"];
  const server = { id: `sentinel-${port}`, dir, command, ready: () => redisAnswers(port) };
  return { ...controlOf(server), port, url: `redis+sentinel://127.0.0.1:${port}/shop` };
}

function controlOf(server: Server): Omit<PrivateRedis, "port" | "url"> {
  return {
    start: async () => {
      await startServer(server);
    },
    stop: () => stopServer(server),
    kill: () => stopServer(server, "SIGKILL"),
    remove: async () => {
      await stopServer(server, "SIGKILL");
      rmSync(server.dir, { recursive: true, force: true });
    },
    hang: () => suspendServer(server),
    resume: () => {
      signalServer(server, "SIGCONT");
    },
  };
}

/** Not one that a test helper removes by itself: a server is found by its pid file in there. */
function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), "doorbuster-redis-"));
}
