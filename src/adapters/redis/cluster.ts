/** Commands to a cluster, each to the master that has its key. A command that was redirected was
 * not executed, so it is sent once more, to where it was told; nothing else is ever repeated. The
 * library's own cluster client queues for a node that is not connected and repeats what a broken
 * connection left unanswered, neither of which stock can bear. */
import type { RedisOptions } from "ioredis";
import { type HostPort, hostPort } from "./address.ts";
import type { RedisNode, Reply, Value } from "./node.ts";
import { NotExecuted } from "./refusal.ts";
import { slotOf } from "./slot.ts";
import { openTopology, type Topology } from "./topology.ts";

export interface RedisCluster {
  send(key: string, words: readonly Value[]): Promise<Reply>;
  masters(): ReadonlyMap<string, RedisNode>;
  failure(): string | null;
  close(): void;
}

export function openCluster(seeds: readonly HostPort[], options: RedisOptions): RedisCluster {
  const topology = openTopology(seeds, options);

  async function send(key: string, words: readonly Value[]): Promise<Reply> {
    const owner = topology.owner(slotOf(key));
    if (owner === undefined) throw notFound(topology);
    try {
      return await topology.nodeAt(hostPort(owner, 0)).send(words);
    } catch (reason) {
      if (!(reason instanceof NotExecuted)) throw reason;
      const target = redirection(reason, owner);
      if (target === null) throw reason;
      return again(topology.nodeAt(target), reason.code, words);
    }
  }

  async function again(node: RedisNode, code: string, words: readonly Value[]): Promise<Reply> {
    if (code === "MOVED") {
      topology.look();
      return node.send(words);
    }
    // Both are written in this turn of the event loop, so nothing comes between them.
    const asking = node.send(["ASKING"]);
    const [, reply] = await Promise.all([asking, node.send(words)]);
    return reply;
  }

  function failure(): string | null {
    const why = topology.failure();
    if (why !== null) return why;
    for (const node of topology.masters().values()) {
      const trouble = node.failure();
      if (trouble !== null) return trouble;
    }
    return null;
  }

  return { send, masters: topology.masters, failure, close: topology.close };
}

function notFound(topology: Topology): NotExecuted {
  return new NotExecuted("NOT_SENT", topology.failure() ?? "Redis: the slot has no master");
}

/** The message has `MOVED slot host:port`, or ASK; an empty host is that of who says so. */
function redirection({ code, message }: NotExecuted, from: string): HostPort | null {
  if (code !== "MOVED" && code !== "ASK") return null;
  const [, to = ""] = /(?:MOVED|ASK) \d+ (\S+)/.exec(message) ?? [];
  const { host, port } = hostPort(to, 0);
  return { host: host === "" ? hostPort(from, 0).host : host, port };
}
