// Reading orders over HTTP: from the moment they are accepted, by their buyer and by
// administrators, by nobody else.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { epoch, instant, orderIdOf, saleIdOf, units } from "../../src/domain/ids.ts";
import { buildApp } from "../../src/http/app.ts";
import { answerOf, type HttpEngine, httpEngine, requestInit } from "../support/http-engine.ts";

let engine: HttpEngine;
let sale: string;
let order: string;
beforeAll(async () => {
  engine = await httpEngine();
  sale = await engine.openSale({ perBuyerLimit: 10 });
  order = await buy("ada", "first");
});
afterAll(() => engine.close());

async function buy(buyer: string, key: string): Promise<string> {
  const answer = await engine.call("POST", `/v1/sales/${sale}/orders`, {
    token: engine.buyer(buyer),
    body: { quantity: 1 },
    headers: { "idempotency-key": key },
  });
  return answer.json.id;
}

const read = (id: string, token: string) => engine.call("GET", `/v1/orders/${id}`, { token });
const list = (query: string, token: string) => engine.call("GET", `/v1/orders?${query}`, { token });

/** Waits until the ledger has decided. */
async function placed(id: string) {
  for (;;) {
    const { json } = await read(id, engine.admin);
    if (json.status !== "reserved") return json;
    await new Promise(setImmediate);
  }
}

describe("an order", () => {
  test("is readable as soon as it is accepted, and later as placed", async () => {
    const id = await buy("bob", "now");
    const early = await read(id, engine.buyer("bob"));
    expect(early.status).toBe(200);
    expect(["reserved", "placed"]).toContain(early.json.status);
    expect(await placed(id)).toEqual({
      id,
      saleId: sale,
      buyerId: "bob",
      quantity: 1,
      status: "placed",
      acceptedAt: "2027-01-31T12:00:00.000Z",
      placedAt: "2027-01-31T12:00:00.000Z",
    });
  });

  test("is its buyer's and every administrator's to read, nobody else's", async () => {
    expect((await read(order, engine.buyer("ada"))).status).toBe(200);
    expect((await read(order, engine.admin)).status).toBe(200);
    const other = await read(order, engine.buyer("eve"));
    const none = await read("nonsense", engine.buyer("eve"));
    expect(other.status).toBe(404);
    expect(other.text).toBe(none.text);
  });

  test.each(["nonsense", "01KAQX7T5N0000001000100000", "%00", "81KAQX7T5N0000001000100000"])(
    "named %s is not there",
    async (id) => {
      const answer = await read(id, engine.admin);
      expect([answer.status, answer.json.type]).toEqual([404, "/problems/order-not-found"]);
    },
  );

  test("whose reservation was lost reads as refused, without a buyer", async () => {
    const route = { reservedAt: instant(1_800_000_000_000), saleId: saleIdOf(1), bucket: 0 };
    const id = orderIdOf({ ...route, epoch: epoch(1), sequence: 77 });
    const state = { total: units(1), sold: units(0), version: 0, epoch: epoch(2) };
    const ledger = async () => ({ ...state, minEpoch: epoch(2) });
    const orders = { ...engine.deps.orders, ledger };
    const app = buildApp({ ...engine.deps, orders });
    const init = requestInit("GET", { token: engine.buyer("ada") });
    const answer = await answerOf(await app.request(`/v1/orders/${id}`, init));
    expect(answer.json).toEqual({
      id,
      saleId: "s1",
      buyerId: null,
      quantity: null,
      status: "refused",
      acceptedAt: "2027-01-15T08:00:00.000Z",
      placedAt: null,
      reason: "reservation-lost",
    });
  });
});

describe("the list of orders", () => {
  test("shows a buyer his own and an administrator everybody's, in pages", async () => {
    const mine = [await buy("carol", "1"), await buy("carol", "2"), await buy("carol", "3")];
    await Promise.all(mine.map(placed));
    const first = await list(`saleId=${sale}&limit=2`, engine.buyer("carol"));
    const query = `saleId=${sale}&limit=2&cursor=${first.json.nextCursor}`;
    const second = await list(query, engine.buyer("carol"));
    const ids = [...first.json.items, ...second.json.items].map((item) => item.id);
    expect(ids).toEqual(mine.toReversed());
    expect(second.json.nextCursor).toBeNull();
    const all = await list(`saleId=${sale}`, engine.admin);
    const buyers = new Set(all.json.items.map((item: { buyerId: string }) => item.buyerId));
    expect(buyers).toContain("ada");
    expect(buyers).toContain("carol");
  });

  test("needs a sale, and one that is there", async () => {
    const missing = await list("", engine.admin);
    expect(missing.json.errors).toEqual([{ field: "saleId", message: "is missing" }]);
    for (const id of ["s999", "nonsense"]) {
      expect((await list(`saleId=${id}`, engine.admin)).json.type).toBe("/problems/sale-not-found");
    }
  });
});
