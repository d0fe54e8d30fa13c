/** A cluster of our own whose slots move and whose nodes hang. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { joinCluster } from "../../scripts/services/redis.ts";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { NotExecuted } from "../../src/adapters/redis/refusal.ts";
import { slotOf } from "../../src/adapters/redis/slot.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { saleIdOf } from "../../src/domain/ids.ts";
import { present } from "../../src/lib/assert.ts";
import { request } from "../support/builders.ts";
import { type PrivateRedis, privateRedis } from "../support/private-redis.ts";
import { keysOf, removeKeys } from "../support/redis-stock.ts";
import { loadStock, reserveOne } from "../support/stock.ts";

const saleId = saleIdOf(1);
const buckets = 8;
const readyMs = 10_000;
const setUpMs = 30_000;

let nodes: PrivateRedis[];
let connection: RedisConnection;

beforeAll(async () => {
  nodes = await Promise.all([1, 2, 3].map(() => privateRedis({ cluster: true })));
  await Promise.all(nodes.map((node) => node.start()));
  await joinCluster(nodes.map((node) => node.port));
}, setUpMs);
afterAll(() => Promise.all(nodes.map((node) => node.remove())));

beforeEach(async () => {
  // One seed is enough.
  connection = openRedis(`redis+cluster://127.0.0.1:${nodes[0]?.port}`);
  await connection.ready(readyMs);
});
afterEach(async () => {
  for (const node of nodes) node.resume();
  await connection.ready(readyMs);
  await removeKeys(connection, "doorbuster:");
  connection.close();
});

test("the buckets of a sale live on all masters", async () => {
  const stock = redisStockStore({ connection });
  await loadStock(stock, saleId, { total: 80, settings: { buckets } });
  for (let n = 0; n < 40; n += 1) await reserveOne(stock, saleId, { buyer: `b${n}` }, buckets);
  const used = [...connection.masters().values()].map((node) => keysOf(node, "doorbuster:"));
  for (const keys of await Promise.all(used)) expect(keys).not.toEqual([]);
  expect(await stock.level(saleId)).toMatchObject({ remaining: 40, pendingOrders: 40 });
});

test("a node that hangs stops its own buckets only", async () => {
  const stock = redisStockStore({ connection });
  await loadStock(stock, saleId, { total: 80, settings: { buckets } });
  const owners: string[] = [];
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    owners.push(await ownerOf(`doorbuster:{s1:${bucket}}:stock`));
  }
  nodes.find((node) => owners[0]?.endsWith(`:${node.port}`))?.hang();
  const asked = (bucket: number) => stock.reserve(saleId, bucket, [request({ buyer: "a" })]);
  await expect(asked(0)).rejects.toThrow("timed out");
  for (const [bucket, owner] of owners.entries()) {
    expect((await asked(bucket)).ok).toBe(owner !== owners[0]);
  }
});

test("a command finds its slot while it moves and after it has moved", async () => {
  const key = "moving";
  const [from, to] = await ownerAndOther(key);
  await connection.send(key, ["SET", key, "here"]);
  await from.send(["CLUSTER", "SETSLOT", slotOf(key), "MIGRATING", to.id]);
  await to.send(["CLUSTER", "SETSLOT", slotOf(key), "IMPORTING", from.id]);
  expect(String(await connection.send(key, ["GET", key]))).toBe("here");
  await from.send(["MIGRATE", "127.0.0.1", to.port, key, 0, 5_000]);
  expect(String(await connection.send(key, ["GET", key]))).toBe("here");
  for (const node of [to, from]) {
    await node.send(["CLUSTER", "SETSLOT", slotOf(key), "NODE", to.id]);
  }
  expect(String(await connection.send(key, ["GET", key]))).toBe("here");
});

test("a cluster that nobody has found yet takes nothing and says so", async () => {
  const early = openRedis(connectionString());
  const refused = early.send("key", ["GET", "key"]);
  await expect(refused).rejects.toBeInstanceOf(NotExecuted);
  expect(early.failure()).toContain("no cluster was found yet");
  await early.ready(readyMs);
  expect(await early.send("key", ["GET", "key"])).toBeNull();
  early.close();
});

function connectionString(): string {
  return `redis+cluster://${nodes.map((node) => `127.0.0.1:${node.port}`).join(",")}`;
}

/** The address of the master that has the key's slot; any other redirects. */
async function ownerOf(key: string): Promise<string> {
  for (const [address, node] of connection.masters()) {
    const mine = await node.send(["EXISTS", key]).catch((reason: unknown) => reason);
    if (!(mine instanceof NotExecuted)) return address;
  }
  throw new Error(`nobody has ${key}`);
}

/** The master that has the key's slot, and one that has not. */
async function ownerAndOther(key: string) {
  const owner = await ownerOf(key);
  const other = [...connection.masters().keys()].find((address) => address !== owner);
  return [await nodeAt(owner), await nodeAt(present(other, "another master"))] as const;
}

async function nodeAt(address: string) {
  const { send } = present(connection.masters().get(address), `a master at ${address}`);
  const id = String(await send(["CLUSTER", "MYID"]));
  return { id, send, port: present(address.split(":")[1], "a port") };
}
