/** The contract suite of the stock on a real Redis: one server, and a cluster of three masters. */
import { afterAll, beforeAll, describe } from "bun:test";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { redisStockHarness } from "../support/redis-stock.ts";
import { redisClusterUrl, redisUrl } from "../support/services.ts";
import { stockStoreContract } from "./stock-store.ts";

const servers = { "Redis, one server": redisUrl, "Redis, a cluster": redisClusterUrl };

describe.each(Object.entries(servers))("%s", (name, url) => {
  const connection = openRedis(url);
  beforeAll(() => connection.ready(5_000));
  afterAll(() => connection.close());

  stockStoreContract(name, async () => redisStockHarness(connection));
});
