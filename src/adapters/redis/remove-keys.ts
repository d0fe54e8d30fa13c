/** Removes every key under a prefix, a page at a time, so that Redis is never held up for long. */
import type { RedisConnection } from "./connection.ts";
import { bytesOf, listOf } from "./reply.ts";

const pageSize = 500;

export async function removeKeys(redis: RedisConnection, prefix: string): Promise<void> {
  const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
  for (const node of redis.masters().values()) {
    let cursor = "0";
    do {
      const reply = await node.send(["SCAN", cursor, "MATCH", pattern, "COUNT", pageSize]);
      const [next, names] = listOf(reply);
      await Promise.all(listOf(names).map((name) => node.send(["UNLINK", bytesOf(name)])));
      cursor = bytesOf(next).toString();
    } while (cursor !== "0");
  }
}
