/** Removes every key under a prefix. Looking for them holds Redis up for as long as it takes, which
 * is for temporary stores only. */
import type { RedisConnection } from "./connection.ts";

const perCall = 1_000;

export async function removeKeys(redis: RedisConnection, prefix: string): Promise<void> {
  const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, "\\$&")}*`;
  const found = await redis.onEveryMaster("keys", [pattern]);
  const names = found.flat() as Buffer[];
  for (let from = 0; from < names.length; from += perCall) {
    const page = names.slice(from, from + perCall);
    await Promise.all(page.map((name) => redis.command("unlink", [name])));
  }
}
