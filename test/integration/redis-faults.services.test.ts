/** What the stock in Redis says when the server restarts, forgets, hangs, refuses or goes away:
 * nothing is ever sold twice, and what surely took nothing is told from what nobody knows. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { epoch, saleIdOf, units } from "../../src/domain/ids.ts";
import { present } from "../../src/lib/assert.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { finishTransfers } from "../../src/usecases/refill-bucket.ts";
import { request, settings } from "../support/builders.ts";
import { type PrivateRedis, privateRedis } from "../support/private-redis.ts";
import { loadStock, reserved, reserveOne } from "../support/stock.ts";

const saleId = saleIdOf(1);
const readyMs = 10_000;

let redis: PrivateRedis;
let connection: RedisConnection;
let stock: StockStore;

beforeAll(async () => {
  redis = await privateRedis();
  await redis.start();
});
afterAll(() => redis.remove());

beforeEach(async () => {
  connection = openRedis(redis.url);
  await connection.ready(readyMs);
  await connection.send("", ["FLUSHALL"]);
  stock = redisStockStore({ connection });
  await loadStock(stock, saleId, { total: 10 });
});
afterEach(() => {
  redis.resume();
  connection.close();
});

const buy = (buyer: string) => stock.reserve(saleId, 0, [request({ buyer })]);
const unavailable = (detail: string) => ({
  ok: false,
  error: { code: "stock-unavailable", detail: expect.stringContaining(detail) },
});
const config = (name: string, value: string) => connection.send("", ["CONFIG", "SET", name, value]);

describe("after a restart", () => {
  test("stock that came back from the file is not sold until it is loaded anew", async () => {
    const order = reserved(await reserveOne(stock, saleId, { buyer: "a" }));
    await redis.stop();
    await redis.start();
    await connection.ready(readyMs);
    expect(await buy("b")).toMatchObject(unavailable("a controller loads it from the ledger"));
    await stock.settle([order]);
    await stock.release([order], true);
    expect(await stock.level(saleId)).toBeNull();
    expect(await stock.send(saleId, 0, 1, units(1))).toBeNull();
    expect(await stock.pending(saleId, {})).toEqual([order]);
    await loadStock(stock, saleId, { total: 10, sold: 1, epoch: 2, held: [order] });
    expect((await buy("b")).ok).toBe(true);
    expect(await stock.level(saleId)).toMatchObject({ remaining: 8, pendingOrders: 1 });
  });

  test("a load that began before it is refused", async () => {
    await stock.seal(saleId, 1, epoch(2));
    await redis.stop();
    await redis.start();
    await connection.ready(readyMs);
    const snapshot = { total: units(9), sold: units(0), ledgerVersion: 0 };
    const loaded = await stock.load(saleId, epoch(2), settings({}), snapshot, nothing());
    expect(loaded).toEqual({ ok: false, error: "stale-epoch" });
  });
});

describe("when data are lost", () => {
  test("an emptied server sells nothing until it is loaded anew", async () => {
    await connection.send("", ["FLUSHALL"]);
    expect(await buy("a")).toMatchObject(unavailable("its data are gone"));
    expect(await stock.level(saleId)).toBeNull();
    await loadStock(stock, saleId, { total: 10, epoch: 2 });
    expect((await buy("a")).ok).toBe(true);
  });

  test("a server that was a replica for a while sells nothing", async () => {
    await connection.send("", ["REPLICAOF", "127.0.0.1", "1"]);
    expect(await buy("a")).toMatchObject({ ok: false });
    await connection.send("", ["REPLICAOF", "NO", "ONE"]);
    expect(await buy("a")).toMatchObject(unavailable("restarted or failed over"));
  });

  test("forgotten scripts are sent again", async () => {
    await connection.send("", ["SCRIPT", "FLUSH"]);
    expect((await buy("a")).ok).toBe(true);
  });
});

describe("when the server refuses", () => {
  test("a full one takes nothing and says so", async () => {
    await config("maxmemory", "1");
    expect(await buy("a")).toMatchObject(unavailable("OOM"));
    await config("maxmemory", "0");
    expect(await stock.level(saleId)).toMatchObject({ remaining: 10, pendingOrders: 0 });
  });

  test("one that misses its replicas takes nothing and says so", async () => {
    await config("min-replicas-to-write", "1");
    expect(await buy("a")).toMatchObject(unavailable("NOREPLICAS"));
    await config("min-replicas-to-write", "0");
    expect(await stock.level(saleId)).toMatchObject({ remaining: 10, pendingOrders: 0 });
  });
});

describe("when the server hangs", () => {
  test("the first purchase is unknown, the next is refused, the key finds it", async () => {
    redis.hang();
    await expect(buy("a")).rejects.toThrow("timed out");
    expect(await buy("b")).toMatchObject(unavailable("no answer within"));
    expect(connection.failure()).toContain("no answer within");
    redis.resume();
    await connection.ready(readyMs);
    const again = await reserveOne(stock, saleId, { buyer: "a" });
    expect(["same", "reserved"]).toContain(again.kind);
    expect(await stock.level(saleId)).toMatchObject({ remaining: 9, pendingOrders: 1 });
  });

  test("one that dies instead leaves it unknown, and is found again when it is back", async () => {
    redis.hang();
    const asked = buy("a").catch((reason: unknown) => reason);
    await redis.kill();
    expect(await asked).toMatchObject({ message: expect.stringContaining("connection was lost") });
    expect(await buy("b")).toMatchObject({ ok: false, error: { code: "stock-unavailable" } });
    await redis.start();
    await connection.ready(readyMs);
    expect(await buy("a")).toMatchObject(unavailable("a controller loads it from the ledger"));
  });
});

test("orders carry the server's own time", async () => {
  const before = await serverTime();
  const order = reserved(await reserveOne(stock, saleId, { buyer: "a" }));
  expect(order.reservedAt).toBeGreaterThanOrEqual(before);
  expect(order.reservedAt).toBeLessThanOrEqual(await serverTime());
});

test("units whose receiver crashed after taking them in are not added again", async () => {
  await loadStock(stock, saleId, { total: 10, epoch: 2, settings: { buckets: 2 } });
  const sent = present(await stock.send(saleId, 0, 1, units(3)), "a transfer");
  let calls = 0;
  const crashing = redisStockStore({
    connection: {
      send: (key, words) => {
        calls += 1;
        return calls === 1 ? connection.send(key, words) : Promise.reject(new Error("crashed"));
      },
    },
  });
  await connection.send("", ["SCRIPT", "FLUSH"]);
  await stock.receive(saleId, { ...sent, epoch: epoch(1) });
  await expect(crashing.receive(saleId, sent)).rejects.toThrow("crashed");
  expect(await stock.level(saleId)).toMatchObject({ remaining: 10, inTransfer: 0 });
  expect(await stock.send(saleId, 0, 1, units(1))).toBeNull();
  expect(await finishTransfers({ stock }, saleId)).toEqual([sent]);
  expect(await stock.level(saleId)).toMatchObject({ remaining: 10, inTransfer: 0 });
  expect(await stock.send(saleId, 0, 1, units(1))).toMatchObject({ number: 2 });
});

test("a restock and settings that a loader has not read are not lost by its load", async () => {
  await stock.seal(saleId, 1, epoch(2));
  await stock.restock(saleId, units(5), 7);
  await stock.restock(saleId, units(5), 3);
  await stock.configure(saleId, settings({ state: "paused", version: 9 }));
  const snapshot = { total: units(10), sold: units(4), ledgerVersion: 6 };
  await stock.load(saleId, epoch(2), settings({ version: 8 }), snapshot, nothing());
  await stock.restock(saleId, units(5), 7);
  expect(await stock.level(saleId)).toMatchObject({ remaining: 11 });
  expect((await reserveOne(stock, saleId, { buyer: "a" })).kind).toBe("sale-paused");
});

async function serverTime(): Promise<number> {
  const reply = await connection.send("", ["TIME"]);
  const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : [];
  return (seconds ?? 0) * 1_000 + Math.floor((micros ?? 0) / 1_000);
}

async function* nothing(): AsyncGenerator<never> {}
