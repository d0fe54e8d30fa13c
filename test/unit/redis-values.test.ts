/** What needs no server: addresses, slots, and what an error allows to conclude. */
import { describe, expect, test } from "bun:test";
import { hostPort, parseRedisUrl } from "../../src/adapters/redis/address.ts";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import {
  bucketOfMark,
  markOf,
  orderIdOfMark,
  packRequests,
  unpackReservation,
} from "../../src/adapters/redis/records.ts";
import { faultOf, NotExecuted } from "../../src/adapters/redis/refusal.ts";
import { slotOf } from "../../src/adapters/redis/slot.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { saleIdOf } from "../../src/domain/ids.ts";
import { present } from "../../src/lib/assert.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { request, reservation } from "../support/builders.ts";

describe("the URL of a Redis", () => {
  test.each([
    ["redis://shop", { host: "shop", port: 6379, db: 0 }],
    ["redis://shop:7000/3", { host: "shop", port: 7000, db: 3 }],
    ["redis://:p%40ss@shop", { host: "shop", port: 6379, db: 0, password: "p@ss" }],
    ["rediss://me:pw@shop", { host: "shop", username: "me", password: "pw", tls: {} }],
    ["redis://[::1]:7000", { host: "::1", port: 7000 }],
  ])("%s is one server", (url, options) => {
    expect(parseRedisUrl(url)).toMatchObject({ kind: "single", options });
  });

  test("names the seeds of a cluster", () => {
    expect(parseRedisUrl("redis+cluster://me:pw@a:1,b")).toEqual({
      kind: "cluster",
      seeds: [
        { host: "a", port: 1 },
        { host: "b", port: 6379 },
      ],
      options: { username: "me", password: "pw" },
    });
  });

  test("names sentinels and the master they know", () => {
    const sentinels = [
      { host: "a", port: 1 },
      { host: "b", port: 26_379 },
    ];
    const options = { sentinels, name: "shop" };
    expect(parseRedisUrl("redis+sentinel://a:1,b/shop")).toEqual({ kind: "single", options });
  });

  test("has no port but a number after the last colon", () => {
    expect(hostPort("fe80::a", 5)).toEqual({ host: "fe80::a", port: 5 });
  });
});

describe("the slot of a key", () => {
  test.each([
    ["123456789", 0x31c3],
    ["foo", 12_182],
    ["{user1000}.following", 3_443],
    ["foo{}{bar}", 8_363],
    ["foo{{bar}}zap", 4_015],
  ])("%s", (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });

  test("is that of the tag alone", () => {
    expect(slotOf("doorbuster:{s1:0}:stock")).toBe(slotOf("doorbuster:{s1:0}:stock:b:1:77"));
  });
});

describe("an error of Redis", () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: "ReplyError" });

  test.each([
    "LOADING Redis is loading the dataset in memory",
    "READONLY You can't write against a read only replica.",
    "CLUSTERDOWN The cluster is down",
    "MASTERDOWN Link with MASTER is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOSCRIPT No matching script.",
    "OOM command not allowed when used memory > 'maxmemory'. script: 6f, on @user_script:5.",
    "ERR Error running script (call to f_6f): @user_script:5: -OOM command not allowed",
  ])("%s means that nothing was executed", (message) => {
    expect(faultOf(reply(message))).toBeInstanceOf(NotExecuted);
  });

  test.each(["Command timed out", "Connection is closed.", "read ECONNRESET"])(
    "%s means that nobody knows",
    (message) => {
      const fault = faultOf(new Error(message));
      expect(fault).toBeInstanceOf(ServiceUnavailable);
      expect(fault).not.toBeInstanceOf(NotExecuted);
    },
  );

  test("in a script of ours is a fault, not an outage", () => {
    expect(faultOf(reply("ERR user_script:3: attempt"))).not.toBeInstanceOf(ServiceUnavailable);
  });
});

describe("a packed order", () => {
  const order = reservation({ buyer: "zoe", key: "a key", sequence: 7, epoch: 3, at: 1_790_000 });

  test("has its id back from its mark", () => {
    const mark = present(markOf(order.orderId), "a mark");
    expect(orderIdOfMark(order.saleId, mark)).toBe(order.orderId);
    expect(bucketOfMark(mark)).toBe(0);
  });

  test("comes back from what is pending as it was reserved", () => {
    const { texts } = packRequests([order]);
    const mark = present(markOf(order.orderId), "a mark");
    expect(unpackReservation(order.saleId, mark, texts)).toEqual(order);
  });

  test("has no mark if its id is none", () => {
    expect(markOf("nonsense" as typeof order.orderId)).toBeNull();
  });
});

test("without a server nothing is taken, and that is said", async () => {
  const connection = openRedis("redis://127.0.0.1:1");
  const stock = redisStockStore({ connection });
  const answer = await stock.reserve(saleIdOf(1), 0, [request({})]);
  expect(answer).toMatchObject({ ok: false, error: { code: "stock-unavailable" } });
  await expect(connection.ping()).rejects.toBeInstanceOf(NotExecuted);
  connection.close();
});
