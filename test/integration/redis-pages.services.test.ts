/** How orders are kept in Redis: in pages, found by whole records, gone with their load. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { stockKeys } from "../../src/adapters/redis/keys.ts";
import { buyerField } from "../../src/adapters/redis/records.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { type BuyerId, saleIdOf } from "../../src/domain/ids.ts";
import { reservation } from "../support/builders.ts";
import { keysOf, removeKeys } from "../support/redis-stock.ts";
import { redisUrl } from "../support/services.ts";
import { loadStock, reserveOne } from "../support/stock.ts";

const saleId = saleIdOf(1);
const connection = openRedis(redisUrl);
let prefix: string;

beforeAll(() => connection.ready(5_000));
beforeEach(() => {
  prefix = `test:${crypto.randomUUID()}:`;
});
afterEach(() => removeKeys(connection, prefix));
afterAll(() => connection.close());

test("a buyer is not found in bytes that stand across two records", async () => {
  const stock = redisStockStore({ connection, prefix });
  await loadStock(stock, saleId, { total: 5 });
  const page = stockKeys(prefix).page(saleId, 0, 1, 0);
  const stranger = Buffer.concat([
    Buffer.alloc(35, 9),
    buyerField("a" as BuyerId),
    Buffer.alloc(33, 9),
  ]);
  await connection.send(page, ["APPEND", page, stranger]);
  expect((await reserveOne(stock, saleId, { buyer: "a" })).kind).toBe("reserved");
  expect((await reserveOne(stock, saleId, { buyer: "a" })).kind).toBe("same");
});

test("a new load leaves nothing of the one before", async () => {
  const stock = redisStockStore({ connection, prefix });
  const held = Array.from({ length: 40 }, (_, n) => reservation({ buyer: `b${n}`, sequence: n }));
  await loadStock(stock, saleId, { total: 90, sold: 40, held });
  await reserveOne(stock, saleId, { buyer: "a" });
  await loadStock(stock, saleId, { total: 90, epoch: 2 });
  const keys: string[] = [];
  for (const master of connection.masters().values()) keys.push(...(await keysOf(master, prefix)));
  expect(keys).toEqual([stockKeys(prefix).stock(saleId, 0)]);
});
