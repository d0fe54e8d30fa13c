// Redis as production would run it: append-only file, nothing evicted.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { redisAnswers, redisClusterIsOk } from "./probes.ts";
import { outputOf } from "./process.ts";
import { programPath } from "./programs.ts";
import type { Server } from "./server.ts";

const clusterDeadlineMs = 20_000;

export interface RedisOptions {
  readonly dir: string;
  readonly port: number;
  readonly cluster?: boolean;
  /** Over what is set here. */
  readonly settings?: Readonly<Record<string, string>>;
}

export function redisServer({ dir, port, cluster = false, ...more }: RedisOptions): Server {
  const id = `redis-${port}`;
  const data = join(dir, `${id}.data`);
  const settings: Readonly<Record<string, string>> = {
    port: String(port),
    bind: "127.0.0.1",
    dir: data,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    "protected-mode": "yes",
    // A process is recognised by its command line.
    "set-proc-title": "no",
    ...(cluster && {
      "cluster-enabled": "yes",
      "cluster-config-file": "nodes.conf",
      "cluster-node-timeout": "3000",
      "cluster-port": String(port + 10_000),
    }),
    ...more.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return {
    id,
    dir,
    command: [programPath("redis-server"), ...flags],
    prepare: async () => void mkdirSync(data, { recursive: true }),
    ready: () => redisAnswers(port),
  };
}

/** Joins running servers into a cluster, unless they are one; resolves once it serves. Servers that
 *  are one already may need a moment after a start, and refuse to be joined again. */
export async function joinCluster(ports: readonly number[]): Promise<void> {
  if (await clusterServes(ports)) return;
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  const create = ["--cluster", "create", ...nodes, "--cluster-yes"];
  const created = await outputOf([programPath("redis-cli"), ...create]);
  const deadline = performance.now() + clusterDeadlineMs;
  while (!(await clusterServes(ports))) {
    if (performance.now() > deadline) {
      throw new Error(`the Redis cluster did not come up:\n${created.output}`);
    }
    await Bun.sleep(100);
  }
}

/** Whether each of them says so: one may serve while another still waits for the others. */
export async function clusterServes(ports: readonly number[]): Promise<boolean> {
  return (await Promise.all(ports.map(redisClusterIsOk))).every(Boolean);
}
