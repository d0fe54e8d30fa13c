/** A master that dies and the replica that sentinels put in its place. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { saleIdOf } from "../../src/domain/ids.ts";
import { request } from "../support/builders.ts";
import { type PrivateRedis, privateRedis, privateSentinel } from "../support/private-redis.ts";
import { loadStock, reserveOne } from "../support/stock.ts";

const saleId = saleIdOf(1);
const readyMs = 20_000;
const testMs = 60_000;

let master: PrivateRedis;
let replica: PrivateRedis;
let sentinel: PrivateRedis;
let connection: RedisConnection;

beforeAll(async () => {
  [master, replica] = await Promise.all([privateRedis(), privateRedis()]);
  await Promise.all([master.start(), replica.start()]);
  await onlyTo(master, ["CONFIG", "SET", "repl-diskless-sync-delay", 0]);
  await onlyTo(replica, ["REPLICAOF", "127.0.0.1", master.port]);
  await until(master, "state=online");
  sentinel = await privateSentinel(master.port);
  await sentinel.start();
  await until(sentinel, "slaves=1");
  connection = openRedis(sentinel.url);
  await connection.ready(readyMs);
}, testMs);
afterAll(async () => {
  connection.close();
  await Promise.all([sentinel, replica, master].map((server) => server.remove()));
});

test(
  "the replica that takes over sells nothing until the stock is loaded anew",
  async () => {
    const stock = redisStockStore({ connection });
    await loadStock(stock, saleId, { total: 10 });
    expect((await reserveOne(stock, saleId, { buyer: "a" })).kind).toBe("reserved");
    while ((await connection.send("", ["WAIT", 1, 500])) !== 1);
    await master.kill();
    while (connection.failure() === null) await Bun.sleep(5);
    const buy = () => stock.reserve(saleId, 0, [request({ buyer: "b" })]);
    expect(await buy()).toMatchObject({ ok: false, error: { code: "stock-unavailable" } });
    await until(replica, "role:master");
    await connection.ready(readyMs);
    expect(await buy()).toMatchObject({
      ok: false,
      error: { detail: expect.stringContaining("failed over") },
    });
    await loadStock(stock, saleId, { total: 10, sold: 1, epoch: 2 });
    expect((await buy()).ok).toBe(true);
  },
  testMs,
);

async function onlyTo(redis: PrivateRedis, words: readonly (string | number)[]) {
  const own = openRedis(redis.url.replace(/^redis\+sentinel(.*)\/shop$/, "redis$1"));
  await own.ready(readyMs);
  const reply = await own.send("", words);
  own.close();
  return reply;
}

/** Waits until the server says so of itself. */
async function until(redis: PrivateRedis, what: string): Promise<void> {
  while (!String(await onlyTo(redis, ["INFO"])).includes(what)) await Bun.sleep(50);
}
