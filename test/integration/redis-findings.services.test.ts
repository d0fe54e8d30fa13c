/** What `doctor` says of a Redis, by its settings. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { redisFindings } from "../../src/adapters/redis/findings.ts";
import { type PrivateRedis, privateRedis } from "../support/private-redis.ts";

const readyMs = 10_000;

let redis: PrivateRedis;
let connection: RedisConnection;

beforeAll(async () => {
  ({ server: redis, connection } = await started());
});
afterAll(async () => {
  connection.close();
  await redis.remove();
});
afterEach(async () => {
  for (const [name, value] of Object.entries(good)) await config(name, value);
});

const good = { "maxmemory-policy": "noeviction", appendonly: "yes", appendfsync: "everysec" };
const config = (name: string, value: string) => connection.send("", ["CONFIG", "SET", name, value]);
const levels = async () => (await redisFindings(connection)).map((finding) => finding.status);

test("a server with the right settings passes", async () => {
  expect(new Set(await levels())).toEqual(new Set(["ok"]));
});

test.each([
  ["maxmemory-policy", "allkeys-lru", "fail", "may evict"],
  ["appendonly", "no", "warn", "no append-only file"],
  ["appendfsync", "no", "warn", "never syncs"],
] as const)("%s %s is a %s, with advice", async (name, value, status, what) => {
  await config(name, value);
  const found = (await redisFindings(connection)).filter((finding) => finding.status !== "ok");
  expect(found).toEqual([
    {
      check: expect.stringContaining("redis 127.0.0.1"),
      status,
      detail: expect.stringContaining(what),
      help: expect.stringContaining(name),
    },
  ]);
});

test("a server that is cut off from its replicas and sells on is a warning", async () => {
  const [master, replica] = await Promise.all([started(), started()]);
  await master.connection.send("", ["CONFIG", "SET", "repl-diskless-sync-delay", 0]);
  await replica.connection.send("", ["REPLICAOF", "127.0.0.1", master.server.port]);
  const isJoined = async () =>
    String(await master.connection.send("", ["INFO", "replication"])).includes("state=online");
  while (!(await isJoined())) await Bun.sleep(20);
  const found = await redisFindings(master.connection);
  const advice = found.map((finding) => finding.help).join();
  expect(advice).toContain("min-replicas-to-write 1");
  expect(advice).toContain("repl-backlog-ttl 0");
  for (const { connection, server } of [master, replica]) {
    connection.close();
    await server.remove();
  }
}, 30_000);

test("a server that is not there fails", async () => {
  const nowhere = openRedis("redis://127.0.0.1:1");
  expect(await redisFindings(nowhere)).toMatchObject([{ status: "fail" }]);
  nowhere.close();
});

async function started() {
  const server = await privateRedis();
  await server.start();
  const connection = openRedis(server.url);
  await connection.ready(readyMs);
  return { server, connection };
}
