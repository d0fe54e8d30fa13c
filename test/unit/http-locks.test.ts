// The locks over HTTP.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Lease } from "../../src/ports/lease.ts";
import { type HttpEngine, httpEngine } from "../support/http-engine.ts";

let engine: HttpEngine;
beforeAll(async () => {
  engine = await httpEngine();
});
afterAll(() => engine.close());

const list = (query: string) =>
  engine.call("GET", `/v1/admin/locks${query}`, { token: engine.admin });

test("an administrator sees who holds which lock, by the beginning of its name", async () => {
  const lease = engine.deps.lease as Lease;
  const held = await lease.acquire("sales/s1", { about: "sneaker" });
  await lease.acquire("stock/s1");
  const answer = await list("?prefix=sales/");
  const token = held.ok ? held.value.token : 0;
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    items: [{ name: "sales/s1", queue: [{ token, about: "sneaker" }] }],
  });
  expect((await list("")).json.items).toHaveLength(2);
});

test("what is no beginning of a name is refused, and so is a buyer", async () => {
  expect((await list("?prefix=*")).json.type).toBe("/problems/invalid-request");
  const buyer = await engine.call("GET", "/v1/admin/locks", { token: engine.buyer("ada") });
  expect(buyer.status).toBe(403);
});
