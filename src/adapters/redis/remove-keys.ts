/** Removes every key under a prefix. Looking for them holds Redis up for as long as it takes, which
 * is for temporary stores only. */
import type { RedisConnection } from "./connection.ts";
import { bytesOf, listOf } from "./reply.ts";

export async function removeKeys(redis: RedisConnection, prefix: string): Promise<void> {
  const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
  for (const node of redis.masters().values()) {
    const names = listOf(await node.send(["KEYS", pattern])).map(bytesOf);
    await Promise.all(names.map((name) => node.send(["UNLINK", name])));
  }
}
