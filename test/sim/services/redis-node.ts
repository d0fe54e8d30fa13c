/** One process's connection to the simulated Redis, with the manners of the real one: nothing is
 *  queued and nothing repeated; a server that does not answer is given up on, and until it answers
 *  again commands are refused at once. */
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import type { Reply, Value } from "../../../src/adapters/redis/node.ts";
import { commandTimeoutMs } from "../../../src/adapters/redis/node.ts";
import { NotExecuted } from "../../../src/adapters/redis/refusal.ts";
import { stockScripts } from "../../../src/adapters/redis/scripts.ts";
import { ServiceUnavailable } from "../../../src/ports/service-unavailable.ts";
import { beginMs, type Life } from "../engine/host.ts";
import { type Network, RequestFailed } from "../engine/network.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import type { SimRedis } from "../redis/server.ts";

export interface RedisNodes {
  readonly servers: readonly SimRedis[];
  /** The server that has a key. */
  of(key: string): number;
  /** Told of each command before it is executed; what it returns is told the reply. */
  readonly watch: (server: SimRedis, words: readonly Value[]) => ((reply: Reply) => void) | null;
}

const retryMs = 200;

export const redisName = (server: number) => `redis-${server}`;

export function redisConnection(
  life: Life,
  net: Network,
  time: Scheduler,
  nodes: RedisNodes,
): Pick<RedisConnection, "send" | "failure"> {
  const ways = nodes.servers.map((_, server) => wayTo(life, net, time, nodes, server));
  return {
    send: (key, words) => (ways[nodes.of(key)] as Way).send(words),
    failure: () => ways.map((way) => way.failure()).find((why) => why !== null) ?? null,
  };
}

type Way = ReturnType<typeof wayTo>;

function wayTo(life: Life, net: Network, time: Scheduler, nodes: RedisNodes, server: number) {
  const redis = nodes.servers[server] as SimRedis;
  const name = redisName(server);
  let trouble: string | null = "not connected yet";

  function execute(words: readonly Value[]): Reply {
    const told = nodes.watch(redis, words);
    const reply = redis.execute(words, beginMs + time.now());
    told?.(reply);
    return reply;
  }

  async function connect(): Promise<void> {
    for (;;) {
      const there = await net.request(life, name, commandTimeoutMs, () => true).catch(() => false);
      if (there) break;
      await new Promise<void>((resolve) => void life.clock.after(retryMs, resolve));
    }
    trouble = null;
  }

  function lost(why: string): void {
    if (trouble !== null) return;
    trouble = why;
    void connect();
  }

  async function send(words: readonly Value[]): Promise<Reply> {
    if (trouble !== null) throw new NotExecuted("NOT_SENT", `${name}: ${trouble}`);
    try {
      const what = (reply: unknown) => shown(words, reply);
      return await net.request(life, name, commandTimeoutMs, () => execute(words), what);
    } catch (reason) {
      if (!(reason instanceof RequestFailed)) throw reason;
      lost(reason.message);
      if (reason.failure === "refused") throw new NotExecuted("NOT_SENT", reason.message);
      throw new ServiceUnavailable(reason.message);
    }
  }

  void connect();
  return { send, failure: () => trouble };
}

const scripts = new Map(Object.entries(stockScripts()).map(([name, { sha1 }]) => [sha1, name]));

/** For the trace: scripts by their names, bytes as they can be read. */
function shown(words: readonly Value[], reply: unknown): string {
  const [command, first, , key, ...rest] = words;
  const name = command === "EVALSHA" ? scripts.get(String(first)) : undefined;
  const said = name === undefined ? words : [name, key, ...rest];
  const line = said.map((word) => readable(word)).join(" ");
  return `${line} → ${reply instanceof Error ? reply.message : readable(reply)}`;
}

function readable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(readable).join(", ")}]`;
  const text = Buffer.isBuffer(value) ? value.toString("latin1") : String(value);
  const plain = [...text].map((one) => (one >= " " && one <= "~" ? one : "·")).join("");
  return plain.length > 60 ? `${plain.slice(0, 60)}…` : plain;
}
