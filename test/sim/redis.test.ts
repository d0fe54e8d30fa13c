// The simulated Redis runs the real scripts; the contract suite of the stock holds on it, too.
import { expect, test } from "bun:test";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { stockStoreContract } from "../contract/stock-store.ts";
import { simRedis } from "./redis/server.ts";

stockStoreContract("the simulated Redis", async () => {
  const server = simRedis();
  let now = 0;
  const send = async (_: string, words: Parameters<typeof server.execute>[0]) =>
    server.execute(words, now);
  return {
    stock: redisStockStore({ connection: { send }, prefix: "sim:" }),
    place: async () => undefined,
    setTime: (ms) => {
      now = ms;
    },
    close: async () => undefined,
  };
});

test("a simulated Redis that starts again has what it is given, and another incarnation", () => {
  const server = simRedis();
  server.execute(["SET", "a", "1"], 0);
  const before = server.snapshot();
  const incarnation = server.incarnation();
  server.execute(["SET", "a", "2"], 0);
  server.restart(before);
  expect(server.text("a")).toBe("1");
  expect(server.incarnation()).not.toBe(incarnation);
});
