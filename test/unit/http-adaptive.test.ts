// What buyers hear of a sale whose rate was lowered for its back end.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, type HttpEngine, httpEngine } from "../support/http-engine.ts";

let engine: HttpEngine;
beforeAll(async () => {
  engine = await httpEngine();
});
afterAll(() => engine.close());

let buyers = 0;
function buy(sale: string): Promise<Answer> {
  buyers += 1;
  const headers = { "idempotency-key": `key-${buyers}` };
  const options = { token: engine.buyer(`buyer-${buyers}`), body: { quantity: 1 }, headers };
  return engine.call("POST", `/v1/sales/${sale}/orders`, options);
}

describe("a sale whose rate was lowered for its back end", () => {
  const adaptive = { floorPerSecond: 1, lagTargetMs: 200, reserveTargetMs: 100 };
  const rateLimit = { perSecond: 100, burst: 100, adaptive };

  test("refuses by what holds, and tells it", async () => {
    const sale = await engine.openSale({ rateLimit, stock: 200 });
    await engine.rates.adjust("sale", sale, rateLimit, 2);
    expect((await buy(sale)).status).toBe(202);
    expect((await buy(sale)).status).toBe(202);
    const answer = await buy(sale);
    expect([answer.status, answer.json.type]).toEqual([429, "/problems/rate-limited"]);
    expect(answer.headers.get("ratelimit-policy")).toBe('"sale";q=2;w=1');
    expect(answer.json.detail).toContain("the sale takes 2 requests a second");
    await engine.rates.adjust("sale", sale, rateLimit, 1);
    expect((await buy(sale)).headers.get("ratelimit-policy")).toBe('"sale";q=1;w=1');
  });

  test("takes what it was set up for as soon as that is adaptive no more", async () => {
    const sale = await engine.openSale({ rateLimit, stock: 200 });
    await engine.rates.adjust("sale", sale, rateLimit, 1);
    for (let n = 0; n < 2; n += 1) await buy(sale);
    const body = { rateLimit: { adaptive: null } };
    const headers = { "if-match": "*" };
    await engine.call("PATCH", `/v1/sales/${sale}`, { token: engine.admin, body, headers });
    engine.advance(50);
    for (let n = 0; n < 5; n += 1) expect((await buy(sale)).status).toBe(202);
  });
});
