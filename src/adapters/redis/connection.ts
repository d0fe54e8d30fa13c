/** The way to Redis, whatever it is: one server, the master that sentinels name, or a cluster. */
import { createHash } from "node:crypto";
import type { Tls } from "../../lib/tls.ts";
import { parseRedisUrl, type RedisAddress } from "./address.ts";
import { openCluster } from "./cluster.ts";
import { openNode, type RedisNode, type Reply, type Value } from "./node.ts";
import { NotExecuted } from "./refusal.ts";
import { slotOf } from "./slot.ts";

export interface RedisConnection {
  /** Sends a command to the master that has the key. Rejects with `NotExecuted` if it surely had no
   * effect; any other rejection means that nobody knows. */
  send(key: string, words: readonly Value[]): Promise<Reply>;
  /** Keys with the same number may be named by one command. */
  together(key: string): number;
  /** Every master that can be asked now, by its address. */
  masters(): ReadonlyMap<string, Pick<RedisNode, "send">>;
  /** Asks every master; rejects if one does not answer. */
  ping(): Promise<void>;
  /** Why some of it cannot be used just now, or null. */
  failure(): string | null;
  /** Resolves once there is no failure; rejects with the last one if that takes too long. */
  ready(deadlineMs: number): Promise<void>;
  close(): void;
}

export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

const pollMs = 10;

/** `trust` is what TLS goes by where the URL asks for it. */
export function openRedis(url: string, trust?: Omit<Tls, "enabled">): RedisConnection {
  const way = wayTo(parseRedisUrl(url, trust));

  async function ping(): Promise<void> {
    const why = way.failure();
    if (why !== null) throw new NotExecuted("NOT_SENT", why);
    await Promise.all([...way.masters().values()].map((node) => node.send(["PING"])));
  }

  async function ready(deadlineMs: number): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    for (let why = way.failure(); why !== null; why = way.failure()) {
      if (performance.now() > deadline) throw new NotExecuted("NOT_SENT", why);
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  return { ...way, ping, ready };
}

function wayTo(address: RedisAddress): Omit<RedisConnection, "ping" | "ready"> {
  if (address.kind === "cluster") {
    return { ...openCluster(address.seeds, address.options), together: slotOf };
  }
  const node = openNode(address.options);
  const { host, port, name } = address.options;
  const only = new Map([[name ?? `${host}:${port}`, node]]);
  const send = (_: string, words: readonly Value[]) => node.send(words);
  return { ...node, send, together: () => 0, masters: () => only };
}

export function script(lua: string): Script {
  return { lua, sha1: createHash("sha1").update(lua).digest("hex") };
}

/** Runs a script by its digest. A server that does not know it has run nothing, and is sent the
 * text. */
export function run(
  connection: Pick<RedisConnection, "send">,
  script: Script,
  key: string,
  args: readonly Value[],
): Promise<Reply> {
  return runOn(connection, script, [key], args);
}

/** The same with several keys, all of which may be named together. */
export async function runOn(
  connection: Pick<RedisConnection, "send">,
  { lua, sha1 }: Script,
  keys: readonly string[],
  args: readonly Value[],
): Promise<Reply> {
  const [first = ""] = keys;
  try {
    return await connection.send(first, ["EVALSHA", sha1, keys.length, ...keys, ...args]);
  } catch (reason) {
    if (!(reason instanceof NotExecuted) || reason.code !== "NOSCRIPT") throw reason;
    return connection.send(first, ["EVAL", lua, keys.length, ...keys, ...args]);
  }
}
