/** Stock in a real Redis, with keys of its own and a clock that the test sets. */
import type { RedisConnection } from "../../src/adapters/redis/connection.ts";
import type { RedisNode } from "../../src/adapters/redis/node.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import type { StockStoreHarness } from "../contract/stock-store.ts";

/** Reads the time that `timed` wrote beside the stock. */
const clock = "local function now() return tonumber(redis.call('GET', KEYS[1] .. ':now')) end";

export function redisStockHarness(connection: RedisConnection): StockStoreHarness {
  const prefix = `test:${crypto.randomUUID()}:`;
  let now = 0;
  const timed = timedConnection(connection, () => now);
  return {
    stock: redisStockStore({ connection: timed, prefix, clock }),
    place: async () => undefined,
    setTime: (ms) => {
      now = ms;
    },
    close: () => removeKeys(connection, prefix),
  };
}

/** Writes the time before each script, on the same connection and so in the same order. */
function timedConnection(
  connection: RedisConnection,
  now: () => number,
): Pick<RedisConnection, "send"> {
  return {
    send: async (key, words) => {
      if (!String(words[0]).startsWith("EVAL")) return connection.send(key, words);
      const written = connection.send(key, ["SET", `${key}:now`, now()]);
      const [, reply] = await Promise.all([written, connection.send(key, words)]);
      return reply;
    },
  };
}

export async function removeKeys(connection: RedisConnection, prefix: string): Promise<void> {
  for (const master of connection.masters().values()) {
    for (const key of await keysOf(master, prefix)) await master.send(["UNLINK", key]);
  }
}

/** The keys with this prefix that a master has. */
export async function keysOf(master: Pick<RedisNode, "send">, prefix: string): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  do {
    const reply = await master.send(["SCAN", cursor, "MATCH", `${prefix}*`, "COUNT", 10_000]);
    const [next, keys] = Array.isArray(reply) ? reply : [];
    cursor = String(next);
    found.push(...(Array.isArray(keys) ? keys.map(String) : []));
  } while (cursor !== "0");
  return found;
}
