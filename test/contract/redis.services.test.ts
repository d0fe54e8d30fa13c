/** The stock store's contract on a real Redis: one server, and a cluster of three masters. */
import { redisHarness } from "../support/redis-harness.ts";
import { redisClusterUrl, redisUrl } from "../support/services.ts";
import { stockStoreContract } from "./stock-store.ts";

for (const [name, url] of [
  ["Redis", redisUrl],
  ["Redis Cluster", redisClusterUrl],
] as const) {
  stockStoreContract(name, async () => {
    const { stock, setTime, close } = await redisHarness(url);
    return { stock, setTime, place: async () => undefined, close };
  });
}
