// Sales over HTTP: created, listed, read, changed under If-Match, moved through their life,
// restocked, audited.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CallOptions, type HttpEngine, httpEngine, newSale } from "../support/http-engine.ts";

let engine: HttpEngine;
beforeAll(async () => {
  engine = await httpEngine();
});
afterAll(() => engine.close());

const admin = (method: string, path: string, options: CallOptions = {}) =>
  engine.call(method, path, { token: engine.admin, ...options });
const create = (terms: Readonly<Record<string, unknown>> = {}) =>
  admin("POST", "/v1/sales", { body: newSale(terms) });

describe("creating a sale", () => {
  test("fills in the defaults and answers with its address and version", async () => {
    const answer = await create();
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/v1/sales/${answer.json.id}`);
    expect(answer.headers.get("etag")).toBe(`"${answer.json.version}"`);
    expect(answer.json).toEqual({
      id: expect.any(String),
      productId: "tea-set",
      name: "Tea set",
      price: { amount: "199.00", currency: "CNY" },
      state: "scheduled",
      startsAt: null,
      endsAt: null,
      stock: 10,
      remaining: 10,
      perBuyerLimit: 1,
      serverTime: "2027-01-31T12:00:00.000Z",
      rateLimit: { perSecond: 1_000, burst: 1_000, adaptive: null },
      paymentWindowSeconds: 900,
      buckets: 1,
      strategy: "atomic",
      fallback: null,
      mode: "stock",
      board: { score: "time" },
      version: 1,
      createdAt: "2027-01-31T12:00:00.000Z",
    });
  });

  test("keeps every term that is given", async () => {
    const terms = {
      productId: "A-1_b.c",
      name: "茶具 🍵",
      price: { amount: "9999999999.99", currency: "EUR" },
      stock: 100_000_000,
      startsAt: "2027-02-01T00:00:00.000Z",
      endsAt: "9999-12-31T23:59:59.999Z",
      perBuyerLimit: 1_000,
      rateLimit: { perSecond: 10_000_000, burst: 1 },
      paymentWindowSeconds: 86_400,
      buckets: 256,
      strategy: "locked",
      fallback: "database",
      board: { score: "composite" },
    };
    const answer = await create(terms);
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject(terms);
    const read = await engine.call("GET", `/v1/sales/${answer.json.id}`);
    expect(read.json).toMatchObject(terms);
  });

  const price = { amount: "1.00", currency: "CNY" };
  const faults: readonly (readonly [string, Readonly<Record<string, unknown>>, string, string])[] =
    [
      ["no product", { productId: undefined }, "productId", "is missing"],
      ["a product with a space", { productId: "a b" }, "productId", "must be 1 to 64 letters"],
      ["a product of 65 letters", { productId: "a".repeat(65) }, "productId", "must be 1 to 64"],
      ["an empty name", { name: "" }, "name", "must be text"],
      ["a name with a line break", { name: "a\nb" }, "name", "without control characters"],
      ["a name of 201 characters", { name: "茶".repeat(201) }, "name", "at most 200 characters"],
      ["half a character as name", { name: "\ud83c" }, "name", "well-formed"],
      ["no stock", { stock: 0 }, "stock", "must be at least 1"],
      ["too much stock", { stock: 100_000_001 }, "stock", "must be at most 100000000"],
      ["stock in words", { stock: "10" }, "stock", "must be a number"],
      ["stock in parts", { stock: 1.5 }, "stock", "must be a whole number"],
      ["a price without cents", { price: { ...price, amount: "1" } }, "price.amount", '"199.00"'],
      ["a negative price", { price: { ...price, amount: "-1.00" } }, "price.amount", "must look"],
      ["a price that is a number", { price: { ...price, amount: 1 } }, "price.amount", "a string"],
      ["a currency in small", { price: { ...price, currency: "cny" } }, "price.currency", "CNY"],
      ["a price with a tax", { price: { ...price, tax: 1 } }, "price.tax", "is not a known field"],
      ["a time without a zone", { startsAt: "2027-02-01T00:00:00" }, "startsAt", "in UTC"],
      ["a time in another zone", { startsAt: "2027-02-01T00:00:00+08:00" }, "startsAt", "in UTC"],
      ["a day that isn't there", { startsAt: "2027-02-30T00:00:00Z" }, "startsAt", "in UTC"],
      ["a time before 1970", { startsAt: "1969-12-31T23:59:59Z" }, "startsAt", "from 1970"],
      ["a time as a number", { startsAt: 1_800_000_000 }, "startsAt", "in UTC"],
      ["an end before its start", { endsAt: "2027-01-31T11:00:00Z" }, "", "in the future"],
      ["a limit of 0", { perBuyerLimit: 0 }, "perBuyerLimit", "must be at least 1"],
      ["a rate of 0", { rateLimit: { perSecond: 0, burst: 1 } }, "rateLimit.perSecond", "at least"],
      ["half a rate", { rateLimit: { perSecond: 1 } }, "rateLimit.burst", "is missing"],
      [
        "a floor of 0",
        adaptiveRate({ floorPerSecond: 0 }),
        `${ofRate}.floorPerSecond`,
        "at least 1",
      ],
      ["a floor above", adaptiveRate({ floorPerSecond: 6 }), `${ofRate}.floorPerSecond`, "at most"],
      ["no time", adaptiveRate({ lagTargetMs: 19 }), `${ofRate}.lagTargetMs`, "at least 20"],
      ["a day", adaptiveRate({ reserveTargetMs: 60_001 }), `${ofRate}.reserveTargetMs`, "at most"],
      ["luck", adaptiveRate({ luck: 1 }), `${ofRate}.luck`, "is not a known field"],
      ["an endless window", { paymentWindowSeconds: 86_401 }, "paymentWindowSeconds", "at most"],
      ["too many buckets", { buckets: 257 }, "buckets", "must be at most 256"],
      ["another strategy", { strategy: "lottery" }, "strategy", '"locked" or "database"'],
      ["another fallback", { fallback: "paper" }, "fallback", '"database"'],
      ["another board", { board: { score: "luck" } }, "board.score", '"time" or "quantity"'],
      ["a waiting room", { waitingRoom: {} }, "waitingRoom", "is not a known field"],
    ];
  test.each(faults)("with %s is refused, and the field is named", async (_, terms, field, text) => {
    const answer = await create(terms);
    expect(answer.status).toBe(400);
    expect(answer.json.type).toBe("/problems/invalid-request");
    expect(answer.json.detail).toContain(text);
    expect(answer.json.errors?.[0].field ?? "").toBe(field);
  });
});

describe("the list of sales", () => {
  test("comes in pages, newest first, and ends", async () => {
    const own = await httpEngine();
    for (let n = 0; n < 5; n += 1) await own.openSale({ name: `Sale ${n}` });
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const more: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = await own.call("GET", `/v1/sales?limit=2${more}`);
      for (const item of page.json.items) names.push(item.name);
      cursor = page.json.nextCursor;
    } while (cursor !== null);
    expect(names).toEqual(["Sale 4", "Sale 3", "Sale 2", "Sale 1", "Sale 0"]);
    await own.close();
  });

  test.each(["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "limit=1e1", "cursor=a/b"])(
    "is refused for %s",
    async (query) => {
      const answer = await engine.call("GET", `/v1/sales?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.json.errors[0].field).toBe(query.slice(0, query.indexOf("=")));
    },
  );
});

describe("changing a sale", () => {
  const change = async (id: string, ifMatch: string | null, body: unknown = { name: "New" }) => {
    const headers: Record<string, string> = ifMatch === null ? {} : { "if-match": ifMatch };
    return admin("PATCH", `/v1/sales/${id}`, { body, headers });
  };

  test("needs its entity tag, and gives it a new one", async () => {
    const { json, headers } = await create();
    const answer = await change(json.id, headers.get("etag"), {
      name: "Renamed",
      price: { amount: "0.50", currency: "CNY" },
      startsAt: "2027-03-01T00:00:00.000Z",
      endsAt: null,
      rateLimit: { perSecond: 5, burst: 6 },
      paymentWindowSeconds: 60,
      board: { score: "quantity" },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("etag")).toBe('"2"');
    expect(answer.json).toMatchObject({ name: "Renamed", version: 2, paymentWindowSeconds: 60 });
    expect((await engine.call("GET", `/v1/sales/${json.id}`)).json.name).toBe("Renamed");
  });

  describe("of its rate", () => {
    const rate = { perSecond: 500, burst: 600 };
    const targets = { lagTargetMs: 500, reserveTargetMs: 100 };
    const rateAfter = async (...changes: object[]) => {
      const { json } = await create({ rateLimit: rate });
      let answer = json;
      for (const rateLimit of changes) answer = (await change(json.id, "*", { rateLimit })).json;
      return (await engine.call("GET", `/v1/sales/${json.id}`)).json.rateLimit ?? answer;
    };

    test("may make it adaptive, and fills in what it leaves out", async () => {
      expect(await rateAfter({ adaptive: {} })).toEqual({
        ...rate,
        adaptive: { floorPerSecond: 10, ...targets },
      });
      const adaptive = { floorPerSecond: 50, lagTargetMs: 300, reserveTargetMs: 20 };
      expect(await rateAfter({ adaptive: {} }, { adaptive })).toEqual({ ...rate, adaptive });
    });

    test("leaves the rest of it alone, and ends it by null", async () => {
      const adaptive = { floorPerSecond: 50, ...targets };
      expect(await rateAfter({ adaptive }, { perSecond: 700 })).toEqual({
        ...{ perSecond: 700, burst: 600, adaptive },
      });
      expect(await rateAfter({ adaptive }, { adaptive: null })).toEqual({
        ...rate,
        adaptive: null,
      });
    });

    test("is refused if the floor came above the ceiling, and says both", async () => {
      const { json } = await create({ rateLimit: { ...rate, adaptive: { floorPerSecond: 50 } } });
      const answer = await change(json.id, "*", { rateLimit: { perSecond: 49 } });
      expect([answer.status, answer.json.type]).toEqual([409, "/problems/invalid-transition"]);
      expect(answer.json.detail).toContain("floorPerSecond is 50; it must be at most");
      expect((await change(json.id, "*", { rateLimit: {} })).status).toBe(400);
    });
  });

  const tags: readonly (readonly [string | null, number, string | null])[] = [
    [null, 428, "precondition-required"],
    ['"1"', 200, null],
    ['"7", "1"', 200, null],
    ["*", 200, null],
    ['"2"', 412, "version-conflict"],
    ['W/"1"', 412, "version-conflict"],
    ['"not-ours"', 412, "version-conflict"],
    ["1", 400, "invalid-request"],
    ['"1', 400, "invalid-request"],
    ["", 400, "invalid-request"],
  ];
  test.each(tags)("with If-Match %p is answered %d", async (ifMatch, status, code) => {
    const { json } = await create();
    const answer = await change(json.id, ifMatch);
    expect(answer.status).toBe(status);
    if (code !== null) expect(answer.json.type).toBe(`/problems/${code}`);
  });

  test("is lost by the second of two who read the same version", async () => {
    const { json } = await create();
    const answers = await Promise.all([change(json.id, '"1"'), change(json.id, '"1"')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  test.each([
    [{}, "at least one field"],
    [{ perBuyerLimit: 2 }, "perBuyerLimit is not a known field"],
    [{ buckets: 2 }, "buckets is not a known field"],
    [{ stock: 2 }, "stock is not a known field"],
    [{ name: null }, "name must be a string"],
  ])("to %p is refused", async (body, text) => {
    const { json } = await create();
    const answer = await change(json.id, '"1"', body);
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toContain(text);
  });

  test("that has ended is refused with 409", async () => {
    const id = await engine.openSale();
    await admin("POST", `/v1/sales/${id}/close`);
    const answer = await change(id, "*");
    expect([answer.status, answer.json.type]).toEqual([409, "/problems/invalid-transition"]);
  });

  test("that isn't there is refused with 404", async () => {
    expect((await change("s999", "*")).json.type).toBe("/problems/sale-not-found");
  });
});

describe("the life of a sale", () => {
  test("goes through its states, and a repeated step changes nothing", async () => {
    const { json } = await create();
    const steps = ["open", "open", "pause", "pause", "resume", "close", "close"];
    const states: string[] = [];
    for (const step of steps) {
      const answer = await admin("POST", `/v1/sales/${json.id}/${step}`);
      states.push(answer.json.state);
    }
    expect(states).toEqual(["open", "open", "paused", "paused", "open", "closed", "closed"]);
  });

  test.each(["pause", "resume"])("has no %s before it is open", async (step) => {
    const { json } = await create();
    const answer = await admin("POST", `/v1/sales/${json.id}/${step}`);
    expect(answer.status).toBe(409);
    expect(answer.json.detail).toContain("is scheduled");
  });

  test.each(["open", "pause", "resume", "close"])("of no sale has no %s", async (step) => {
    for (const id of ["s999", "nonsense"]) {
      const answer = await admin("POST", `/v1/sales/${id}/${step}`);
      expect(answer.json.type).toBe("/problems/sale-not-found");
    }
  });
});

describe("restocking a sale", () => {
  const restock = (id: string, body: unknown, headers: Record<string, string> = {}) =>
    admin("POST", `/v1/sales/${id}/stock`, { body, headers });

  test("adds the units once per key", async () => {
    const id = await engine.openSale();
    const headers = { "idempotency-key": "delivery-1" };
    expect((await restock(id, { add: 5 }, headers)).json).toMatchObject({
      stock: 15,
      remaining: 15,
    });
    expect((await restock(id, { add: 5 }, headers)).json).toMatchObject({
      stock: 15,
      remaining: 15,
    });
    const other = await restock(id, { add: 6 }, headers);
    expect([other.status, other.json.type]).toEqual([422, "/problems/idempotency-key-reused"]);
  });

  test("needs a key", async () => {
    const answer = await restock(await engine.openSale(), { add: 5 });
    expect(answer.json.type).toBe("/problems/idempotency-key-missing");
  });

  test.each([{ add: 0 }, { add: -1 }, { add: 100_000_001 }, {}, { add: 1, why: "x" }])(
    "by %p is refused",
    async (body) => {
      const answer = await restock(await engine.openSale(), body, { "idempotency-key": "x" });
      expect(answer.status).toBe(400);
    },
  );

  test("of too much, of an ended sale, and of one that isn't there is refused", async () => {
    const id = await engine.openSale();
    const headers = { "idempotency-key": "x" };
    expect((await restock(id, { add: 100_000_000 }, headers)).status).toBe(400);
    await admin("POST", `/v1/sales/${id}/close`);
    expect((await restock(id, { add: 1 }, headers)).json.type).toBe("/problems/sale-ended");
    expect((await restock("s999", { add: 1 }, headers)).status).toBe(404);
  });
});

describe("the audit of a sale", () => {
  test("says that every unit is accounted for", async () => {
    const id = await engine.openSale();
    const buy = {
      token: engine.buyer("ada"),
      body: { quantity: 1 },
      headers: { "idempotency-key": "x" },
    };
    await engine.call("POST", `/v1/sales/${id}/orders`, buy);
    const { json } = await admin("GET", `/v1/sales/${id}/audit`);
    expect(json).toMatchObject({ ok: true, findings: [], stock: 10, remaining: 9, duplicates: 0 });
    expect(json.sold + json.pending).toBe(1);
    expect(json.checkedAt).toBe("2027-01-31T12:00:00.000Z");
  });

  test("of a sale that isn't there is answered 404", async () => {
    for (const id of ["s999", "nonsense"]) {
      expect((await admin("GET", `/v1/sales/${id}/audit`)).status).toBe(404);
    }
  });
});

const ofRate = "rateLimit.adaptive";

function adaptiveRate(adaptive: object) {
  return { rateLimit: { perSecond: 5, burst: 5, adaptive } };
}
