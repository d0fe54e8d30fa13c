// Buying over HTTP: what is accepted, what is refused and how, and that the plain handler which
// the server calls directly answers as the router does.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { limits } from "../../src/domain/limits.ts";
import type { AppDeps } from "../../src/http/app-deps.ts";
import { purchaseBody, readQuantity } from "../../src/http/purchase-request.ts";
import { hotHandlers } from "../../src/http/routes/hot.ts";
import { err, ok } from "../../src/lib/result.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import type { PurchaseBatches } from "../../src/usecases/purchase-batches.ts";
import {
  type Answer,
  answerOf,
  type CallOptions,
  type HttpEngine,
  httpEngine,
  newSale,
  requestInit,
} from "../support/http-engine.ts";

let engine: HttpEngine;
let open: string;
beforeAll(async () => {
  engine = await httpEngine();
  open = await engine.openSale();
});
afterAll(() => engine.close());

const nobody = () => null;
let keys = 0;
const freshKey = () => ({ "idempotency-key": `key-${keys++}` });

function buy(sale: string, options: CallOptions = {}, on = engine): Promise<Answer> {
  const token = on.buyer(`buyer-${keys}`);
  const body = { quantity: 1 };
  return on.call("POST", `/v1/sales/${sale}/orders`, {
    token,
    body,
    ...options,
    headers: { ...freshKey(), ...options.headers },
  });
}

const code = (answer: Answer) => String(answer.json.type).replace("/problems/", "");

describe("a purchase", () => {
  test("is accepted with the order's address and nothing but the order", async () => {
    const answer = await buy(open, { token: engine.buyer("ada") });
    expect(answer.status).toBe(202);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("location")).toBe(`/v1/orders/${answer.json.id}`);
    expect(answer.json).toEqual({
      id: expect.any(String),
      saleId: open,
      quantity: 1,
      status: "accepted",
      acceptedAt: "2027-01-31T12:00:00.000Z",
    });
  });

  test("again with the same key gets the same answer, bare or quoted", async () => {
    const token = engine.buyer("bob");
    const first = await buy(open, { token, headers: { "idempotency-key": "one" } });
    const bare = await buy(open, { token, headers: { "idempotency-key": "one" } });
    const quoted = await buy(open, { token, headers: { "idempotency-key": '"one"' } });
    expect([bare.status, bare.text]).toEqual([202, first.text]);
    expect([quoted.status, quoted.text]).toEqual([202, first.text]);
    expect(bare.headers.get("location")).toBe(first.headers.get("location"));
  });

  test("twice at once with the same key is one order", async () => {
    const token = engine.buyer("carol");
    const headers = { "idempotency-key": "twice" };
    const answers = await Promise.all([1, 2, 3].map(() => buy(open, { token, headers })));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
  });

  test("with another buyer's key is another order", async () => {
    const headers = { "idempotency-key": "shared" };
    const dave = await buy(open, { token: engine.buyer("dave"), headers });
    const erin = await buy(open, { token: engine.buyer("erin"), headers });
    expect(erin.status).toBe(202);
    expect(erin.json.id).not.toBe(dave.json.id);
  });

  test("with a used key and another quantity is refused with 422", async () => {
    const sale = await engine.openSale({ perBuyerLimit: 5 });
    const token = engine.buyer("ada");
    const headers = { "idempotency-key": "reused" };
    await buy(sale, { token, headers });
    const answer = await buy(sale, { token, headers, body: { quantity: 2 } });
    expect([answer.status, code(answer)]).toEqual([422, "idempotency-key-reused"]);
  });

  test("with a used key still gets its order when the sale is sold out or has ended", async () => {
    const sale = await engine.openSale({ stock: 1 });
    const token = engine.buyer("ada");
    const headers = { "idempotency-key": "kept" };
    const first = await buy(sale, { token, headers });
    expect(code(await buy(sale))).toBe("sold-out");
    expect((await buy(sale, { token, headers })).text).toBe(first.text);
    await engine.call("POST", `/v1/sales/${sale}/close`, { token: engine.admin });
    expect((await buy(sale, { token, headers })).text).toBe(first.text);
  });

  test("that was refused may succeed with the same key after a restock", async () => {
    const sale = await engine.openSale({ stock: 1 });
    await buy(sale);
    const token = engine.buyer("ada");
    const headers = { "idempotency-key": "again" };
    expect(code(await buy(sale, { token, headers }))).toBe("sold-out");
    const body = { add: 1 };
    const restock = { token: engine.admin, body, headers: freshKey() };
    await engine.call("POST", `/v1/sales/${sale}/stock`, restock);
    expect((await buy(sale, { token, headers })).status).toBe(202);
  });
});

describe("a purchase is refused", () => {
  const longKey = "k".repeat(256);
  const requests: readonly (readonly [string, number, string, CallOptions])[] = [
    ["without a token", 401, "unauthenticated", { token: undefined }],
    ["without a body", 415, "unsupported-media-type", { body: undefined }],
    ["as a form", 415, "unsupported-media-type", { headers: { "content-type": "text/plain" } }],
    ["as other JSON", 415, "unsupported-media-type", { headers: { "content-type": "a/b+json" } }],
    [
      "in another charset",
      415,
      "unsupported-media-type",
      { headers: { "content-type": "application/json; charset=utf-16" } },
    ],
    ["with a huge body", 413, "body-too-large", { body: "1".repeat(16_385) }],
    [
      "with a body that is declared huge",
      413,
      "body-too-large",
      { headers: { "content-length": "16385" } },
    ],
    ["with broken JSON", 400, "invalid-request", { body: '{"quantity":' }],
    ["with an empty body", 400, "invalid-request", { body: "" }],
    ["with a list", 400, "invalid-request", { body: [1] }],
    ["with null", 400, "invalid-request", { body: "null" }],
    ["without a quantity", 400, "invalid-request", { body: {} }],
    ["with a quantity of 0", 400, "invalid-request", { body: { quantity: 0 } }],
    ["with half a unit", 400, "invalid-request", { body: { quantity: 0.5 } }],
    ["with a quantity in words", 400, "invalid-request", { body: { quantity: "1" } }],
    ["with a quantity above the bound", 400, "invalid-request", { body: { quantity: 1_001 } }],
    ["with an endless quantity", 400, "invalid-request", { body: '{"quantity":1e999}' }],
    ["with an unknown field", 400, "invalid-request", { body: { quantity: 1, coupon: "x" } }],
    ["with a prototype", 400, "invalid-request", { body: '{"quantity":1,"__proto__":{}}' }],
    ["with an empty key", 400, "idempotency-key-missing", { headers: { "idempotency-key": "" } }],
    [
      "with a long key",
      400,
      "idempotency-key-missing",
      { headers: { "idempotency-key": longKey } },
    ],
    [
      "with a key that is no ASCII",
      400,
      "idempotency-key-missing",
      { headers: { "idempotency-key": "ké" } },
    ],
  ];

  test.each(requests)("%s: %d %s", async (_, status, expected, options) => {
    const answer = await buy(open, options);
    expect([answer.status, code(answer)]).toEqual([status, expected]);
  });

  test.each(requests)("%s, by the plain handler as by the router", async (_, __, ___, options) => {
    const token = engine.buyer("ada");
    const body = { quantity: 1 };
    const headers = { ...freshKey(), ...options.headers };
    const init = requestInit("POST", { token, body, ...options, headers });
    const url = `http://localhost/v1/sales/${open}/orders`;
    const direct = await answerOf(await engine.hot.purchase(new Request(url, init), open, nobody));
    const routed = await answerOf(await engine.app.request(url, init));
    expect(shown(direct)).toEqual(shown(routed));
  });

  test("without an Idempotency-Key, and is told what to send", async () => {
    const options = { token: engine.buyer("ada"), body: { quantity: 1 } };
    const answer = await engine.call("POST", `/v1/sales/${open}/orders`, options);
    expect([answer.status, code(answer)]).toEqual([400, "idempotency-key-missing"]);
    expect(answer.json.detail).toContain("Idempotency-Key");
  });

  test("field by field when its body is not valid", async () => {
    const answer = await buy(open, { body: { quantity: 0, coupon: "x" } });
    expect(answer.json.errors).toEqual([
      { field: "quantity", message: "must be at least 1" },
      { field: "coupon", message: "is not a known field" },
    ]);
    expect(answer.json.detail).toBe("quantity must be at least 1 (and 1 more)");
  });

  test("with at most 20 faults in one answer, however many there are", async () => {
    const body = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`f${at}`, 1]));
    const answer = await buy(open, { body });
    expect(answer.json.errors).toHaveLength(20);
  });

  test.each(["s999", "S1", "s0", "s01", "nonsense", "%00", "s1%2Fx", "s99999999999"])(
    "at a sale that isn't there: %s",
    async (sale) => {
      const answer = await buy(sale);
      expect([answer.status, code(answer)]).toEqual([404, "sale-not-found"]);
    },
  );

  test("by the sale's state and window", async () => {
    const { admin: token } = engine;
    const body = newSale({ startsAt: "2027-02-01T00:00:00Z" });
    const { id } = (await engine.call("POST", "/v1/sales", { token, body })).json;
    const act = (action: string) => engine.call("POST", `/v1/sales/${id}/${action}`, { token });
    expect(code(await buy(id))).toBe("sale-not-open");
    await act("open");
    await act("pause");
    expect(code(await buy(id))).toBe("sale-paused");
    await act("resume");
    expect((await buy(id)).status).toBe(202);
    await act("close");
    expect(code(await buy(id))).toBe("sale-ended");
  });

  test("over the buyer's limit, whatever the key", async () => {
    const sale = await engine.openSale({ perBuyerLimit: 2 });
    const token = engine.buyer("ada");
    expect((await buy(sale, { token, body: { quantity: 2 } })).status).toBe(202);
    const answer = await buy(sale, { token });
    expect([answer.status, code(answer)]).toEqual([409, "buyer-limit-reached"]);
  });
});

test("what is recognised at a glance is what the schema allows", () => {
  const field = fc.constantFrom("quantity", "Quantity", "coupon", "__proto__", "");
  const value = fc.oneof(fc.integer({ min: -2, max: 1_003 }), fc.double(), fc.jsonValue());
  const body = fc.oneof(fc.jsonValue(), fc.dictionary(field, value, { maxKeys: 2 }));
  const space = fc.constantFrom("", " ", "\n", "\t", "\r\n  ", "\u00a0", "x");
  const property = fc.property(body, space, (json, between) => {
    const text = JSON.stringify(json).replaceAll(/:|(?<!^)(?=\})/g, `${between}$&${between}`);
    const read = readQuantity(text);
    const parsed = parsedOrNothing(text);
    expect(read.ok).toBe(purchaseBody.safeParse(parsed).success);
    if (read.ok) expect<unknown>(parsed).toEqual({ quantity: read.value });
  });
  fc.assert(property, { numRuns: 5_000 });
});

function parsedOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

describe("a purchase that the engine cannot take now", () => {
  /** Buys where some part of the engine is another one. */
  async function buyWith(over: Partial<AppDeps>): Promise<Answer> {
    const { purchase } = hotHandlers({ ...engine.deps, ...over });
    const options = { token: engine.buyer("zoe"), body: { quantity: 1 }, headers: freshKey() };
    const request = new Request("http://localhost/", requestInit("POST", options));
    return answerOf(await purchase(request, open, nobody));
  }
  const batchesWith = (over: Partial<PurchaseBatches>) => ({ ...engine.deps.batches, ...over });

  type Reserve = PurchaseBatches["reserve"];
  const outcomes: readonly (readonly [string, string, Reserve])[] = [
    ["too many wait", "overloaded", async () => err({ code: "overloaded" })],
    ["the ledger lags", "overloaded", async () => ok({ kind: "pending-full" })],
    [
      "the stock is away",
      "stock-unavailable",
      async () => err({ code: "stock-unavailable", detail: "the stock is away" }),
    ],
    ["the stock says nothing", "outcome-unknown", () => Promise.reject(new Error("broken"))],
  ];
  test.each(outcomes)("because %s is answered 503 %s", async (_, expected, reserve) => {
    const answer = await buyWith({ batches: batchesWith({ reserve }) });
    expect([answer.status, code(answer)]).toEqual([503, expected]);
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test("but whose stock is taken is answered 202 reserved, never a 5xx", async () => {
    const append = () => Promise.reject(new Error("the log is away"));
    const answer = await buyWith({ batches: batchesWith({ append }) });
    expect([answer.status, answer.json.status]).toEqual([202, "reserved"]);
  });

  test("because a store is away or hangs is answered 503 in time", async () => {
    const { directory } = engine.deps;
    const unknown = { ...directory, peek: () => undefined };
    const away = () => Promise.reject(new ServiceUnavailable("connect ECONNREFUSED 10.0.0.7"));
    const refused = await buyWith({ directory: { ...unknown, find: away } });
    expect([refused.status, code(refused)]).toEqual([503, "service-unavailable"]);
    expect(refused.text).not.toContain("10.0.0.7");
    const hangs = () => new Promise<null>(() => undefined);
    const waits: number[] = [];
    const after = (ms: number, task: () => void) => {
      waits.push(ms);
      setImmediate(task);
      return () => undefined;
    };
    const clock = { ...engine.deps.clock, after };
    const late = await buyWith({ clock, directory: { ...unknown, find: hangs } });
    expect([late.status, code(late)]).toEqual([503, "service-unavailable"]);
    expect(waits).toEqual([limits.answerDeadlineMs]);
  });

  test("because of a fault of ours is answered 500 without a word about it", async () => {
    const secret = "the table orders is locked";
    const peek = () => {
      throw new Error(secret);
    };
    const answer = await buyWith({ directory: { ...engine.deps.directory, peek } });
    expect([answer.status, code(answer)]).toEqual([500, "internal"]);
    expect(answer.text).not.toContain(secret);
    expect(answer.text).not.toContain(".ts");
    expect(engine.logged.at(-1)).toMatchObject({ err: { message: secret } });
  });
});

describe("a sale over its rate", () => {
  const rate = { rateLimit: { perSecond: 2, burst: 1 }, stock: 100 };

  test("refuses with 429 before it asks who or what for", async () => {
    const sale = await engine.openSale(rate);
    expect((await buy(sale)).status).toBe(202);
    const answer = await engine.call("POST", `/v1/sales/${sale}/orders`, { body: "not JSON" });
    expect([answer.status, code(answer)]).toEqual([429, "rate-limited"]);
    expect(answer.json["violated-policies"]).toEqual(["sale"]);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(answer.headers.get("ratelimit")).toBe('"sale";r=0;t=1');
    expect(answer.headers.get("ratelimit-policy")).toBe('"sale";q=2;w=1');
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  test("takes the next purchase when a token has come back", async () => {
    const sale = await engine.openSale(rate);
    await buy(sale);
    engine.advance(499);
    expect((await buy(sale)).status).toBe(429);
    engine.advance(1);
    expect((await buy(sale)).status).toBe(202);
  });

  test("sends some of the refused back a second later than others", async () => {
    const own = await httpEngine({ random: () => 0.9 });
    const sale = await own.openSale(rate);
    await buy(sale, {}, own);
    expect((await buy(sale, {}, own)).headers.get("retry-after")).toBe("2");
    await own.close();
  });

  test("spends no token on requests that are refused for themselves", async () => {
    const sale = await engine.openSale(rate);
    for (let n = 0; n < 3; n += 1) await buy(sale, { body: { quantity: -1 } });
    for (let n = 0; n < 3; n += 1) await buy(sale, { token: "forged" });
    expect((await buy(sale)).status).toBe(202);
  });

  test("takes another rate as soon as an administrator sets it", async () => {
    const sale = await engine.openSale(rate);
    await buy(sale);
    expect((await buy(sale)).status).toBe(429);
    const body = { rateLimit: { perSecond: 1_000, burst: 1_000 } };
    const headers = { "if-match": "*" };
    await engine.call("PATCH", `/v1/sales/${sale}`, { token: engine.admin, body, headers });
    engine.advance(5);
    expect((await buy(sale)).status).toBe(202);
  });
});

describe("reading a sale", () => {
  test.each(["known", "s999", "nonsense"])(
    "%s, by the plain handler as by the router",
    async (id) => {
      const sale = id === "known" ? open : id;
      const url = `http://localhost/v1/sales/${sale}`;
      const direct = await answerOf(await engine.hot.readSale(new Request(url), sale, nobody));
      const routed = await answerOf(await engine.app.request(url));
      expect(shown(direct)).toEqual(shown(routed));
      expect(direct.status).toBe(id === "known" ? 200 : 404);
    },
  );
});

/** All of an answer that a client sees. */
function shown({ status, headers, text }: Answer) {
  return { status, headers: Object.fromEntries(headers), text };
}
