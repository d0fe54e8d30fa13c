/** A stock store on a real Redis, under a prefix of its own, with a clock that a test can set. */
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { stockScripts } from "../../src/adapters/redis/scripts.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";

/** Takes the place of the prelude's clock: a key that shares the bucket's slot. */
const settableClock = `
local function now()
  local name = string.gsub(stock, 'stock$', 'clock')
  return tonumber(redis.call('GET', name) or '0')
end`;

export async function redisHarness(url: string, { buckets = 1, realTime = false } = {}) {
  const prefix = `test-${crypto.randomUUID()}:`;
  const scripts = stockScripts(realTime ? "" : settableClock);
  const redis = openRedis(url, Object.values(scripts));
  await until(() => redis.failure() === null);
  const stock = redisStockStore({ redis, scripts, prefix });

  async function setTime(ms: number): Promise<void> {
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      await redis.command("set", [`${prefix}{s1:${bucket}}:clock`, ms]);
    }
  }

  async function close(): Promise<void> {
    await removeKeys(redis, prefix);
    redis.close();
  }

  return { redis, stock, prefix, setTime, close };
}

async function removeKeys(redis: ReturnType<typeof openRedis>, prefix: string): Promise<void> {
  const found = await redis.onEveryMaster("keys", [`${prefix}*`]);
  const names = found.flat() as Buffer[];
  await Promise.all(names.map((name) => redis.command("unlink", [name])));
}

export async function until(holds: () => boolean, deadlineMs = 10_000): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error("it did not come true in time");
    await Bun.sleep(20);
  }
}
