/** What `doctor` says of a Redis, by its settings. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { openRedis, type RedisConnection } from "../../src/adapters/redis/connection.ts";
import { redisFindings } from "../../src/adapters/redis/findings.ts";
import { type PrivateRedis, privateRedis } from "../support/private-redis.ts";

const readyMs = 10_000;

let redis: PrivateRedis;
let connection: RedisConnection;

beforeAll(async () => {
  redis = await privateRedis();
  await redis.start();
  connection = openRedis(redis.url);
  await connection.ready(readyMs);
});
afterAll(async () => {
  connection.close();
  await redis.stop();
});
afterEach(async () => {
  for (const [name, value] of Object.entries(good)) await config(name, value);
});

const good = { "maxmemory-policy": "noeviction", appendonly: "yes", appendfsync: "everysec" };
const config = (name: string, value: string) => connection.send("", ["CONFIG", "SET", name, value]);
const levels = async () => (await redisFindings(connection)).map((finding) => finding.level);

test("a server with the right settings passes", async () => {
  expect(new Set(await levels())).toEqual(new Set(["ok"]));
});

test.each([
  ["maxmemory-policy", "allkeys-lru", "fail", "may evict"],
  ["appendonly", "no", "warn", "no append-only file"],
  ["appendfsync", "no", "warn", "never syncs"],
] as const)("%s %s is a %s, with advice", async (name, value, level, what) => {
  await config(name, value);
  const found = (await redisFindings(connection)).filter((finding) => finding.level !== "ok");
  expect(found).toEqual([
    { level, what: expect.stringContaining(what), advice: expect.stringContaining(name) },
  ]);
});

test("a server that is cut off from its replicas and sells on is a warning", async () => {
  await config("repl-diskless-sync-delay", "0");
  const replica = await privateRedis();
  await replica.start();
  const other = openRedis(replica.url);
  await other.ready(readyMs);
  await other.send("", ["REPLICAOF", "127.0.0.1", redis.port]);
  while (!String(await connection.send("", ["INFO", "replication"])).includes("state=online")) {
    await Bun.sleep(20);
  }
  const advice = (await redisFindings(connection)).map((finding) => finding.advice).join();
  expect(advice).toContain("min-replicas-to-write 1");
  expect(advice).toContain("repl-backlog-ttl 0");
  other.close();
  await replica.stop();
}, 30_000);

test("a server that is not there fails", async () => {
  const nowhere = openRedis("redis://127.0.0.1:1");
  expect(await redisFindings(nowhere)).toMatchObject([{ level: "fail" }]);
  nowhere.close();
});
