// A Redis master with a replica that can take over without the master's last writes, behind one
// address, as a failover behind a proxy or a sentinel looks to its clients.

import { Redis } from "ioredis";
import { redisServer } from "../services/redis.ts";
import { type Server, startServer, stopServer } from "../services/server.ts";
import { type TcpProxy, tcpProxy } from "../support/tcp-proxy.ts";

export interface RedisPair {
  readonly url: string;
  /** Where the clients are led to the master. */
  readonly front: TcpProxy;
  /** The server that is the master now. */
  master(): Server;
  /** Both of them. */
  readonly servers: readonly Server[];
  /** Cuts the replica off, waits, kills the master and promotes the replica: how many bytes of
   *  writes are lost. The old master then becomes the replica. */
  failOver(lagMs: number): Promise<number>;
  close(): Promise<void>;
}

interface Node {
  readonly port: number;
  readonly server: Server;
}

const syncDeadlineMs = 20_000;

/** A replica need not wait whether others come. */
const settings = { "repl-diskless-sync-delay": "0" };

/** Their data, logs and pid files are in the directory. */
export async function redisPair(dir: string, ports: readonly [number, number]): Promise<RedisPair> {
  const nodes = ports.map((port): Node => ({ port, server: redisServer({ dir, port, settings }) }));
  let [master, replica] = nodes as [Node, Node];
  await Promise.all(nodes.map(({ server }) => startServer(server)));
  const front = await tcpProxy(master.port);
  const link = await tcpProxy(master.port);
  await follow(replica.port, link);

  async function failOver(lagMs: number): Promise<number> {
    link.behave("refusing");
    await Bun.sleep(lagMs);
    const written = await offsetOf(master.port, "master_repl_offset");
    await stopServer(master.server, "SIGKILL");
    const kept = await offsetOf(replica.port, "slave_repl_offset");
    await command(replica.port, ["replicaof", "no", "one"]);
    front.lead(replica.port);
    [master, replica] = [replica, master];
    link.lead(master.port);
    link.behave("open");
    await startServer(replica.server);
    await follow(replica.port, link);
    return written - kept;
  }

  async function close(): Promise<void> {
    front.close();
    link.close();
    await Promise.all(nodes.map(({ server }) => stopServer(server, "SIGKILL")));
  }

  const url = `redis://127.0.0.1:${front.port}`;
  const servers = nodes.map(({ server }) => server);
  return { url, front, master: () => master.server, servers, failOver, close };
}

/** Resolves once the replica has all that its master has. */
async function follow(port: number, link: TcpProxy): Promise<void> {
  await command(port, ["replicaof", "127.0.0.1", String(link.port)]);
  const deadline = performance.now() + syncDeadlineMs;
  while (!(await replication(port)).includes("master_link_status:up")) {
    if (performance.now() > deadline) throw new Error("the replica does not follow its master");
    await Bun.sleep(50);
  }
}

async function offsetOf(port: number, field: string): Promise<number> {
  const found = (await replication(port)).match(new RegExp(`${field}:(\\d+)`));
  return Number(found?.[1] ?? 0);
}

async function replication(port: number): Promise<string> {
  return String(await command(port, ["info", "replication"]));
}

async function command(port: number, [name = "", ...args]: readonly string[]): Promise<unknown> {
  const redis = new Redis({ host: "127.0.0.1", port });
  try {
    return await redis.call(name, ...args);
  } finally {
    redis.disconnect();
  }
}
