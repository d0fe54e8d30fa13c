// Limits and lists over HTTP: how operators change them, and what buyers then get.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { hotHandlers } from "../../src/http/routes/hot.ts";
import {
  type Answer,
  answerOf,
  type HttpEngine,
  httpEngine,
  requestInit,
} from "../support/http-engine.ts";

let engine: HttpEngine;
let open: string;
beforeEach(async () => {
  engine = await httpEngine({ trustedProxies: ["10.0.0.0/8", "::1"] });
  open = await engine.openSale({ stock: 100, perBuyerLimit: 100 });
});
afterEach(() => engine.close());

let keys = 0;

function admin(method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
  return engine.call(method, `/v1/admin/${path}`, { token: engine.admin, body, headers });
}

const setLimits = (body: unknown) => admin("PATCH", "limits", body, { "if-match": "*" });
const code = (answer: Answer) => String(answer.json?.type ?? "").replace("/problems/", "");

interface From {
  readonly peer?: string | null;
  readonly forwarded?: string;
  readonly buyer?: string;
  readonly at?: Pick<HttpEngine["hot"], "purchase">;
}

const usual = "192.0.2.1";

/** A request that must not be read: whatever is asked of it, it is a fault. */
function untouched(): Request {
  const get = (_: Request, what: string | symbol): never => {
    throw new Error(`the request was asked for its ${String(what)}`);
  };
  return new Proxy<Request>(new Request("http://localhost/"), { get });
}

async function buy({ peer = usual, forwarded, buyer = `b${keys}`, at }: From = {}) {
  keys += 1;
  const more = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  const headers = { "idempotency-key": `key-${keys}`, ...more };
  const init = requestInit("POST", { token: engine.buyer(buyer), body: { quantity: 1 }, headers });
  const { purchase } = at ?? engine.hot;
  return answerOf(await purchase(new Request("http://localhost/", init), open, () => peer));
}

describe("the limits", () => {
  test("are none at first, and are read with their version", async () => {
    const answer = await admin("GET", "limits");
    expect(answer.json).toEqual({ ip: null, buyer: null, global: null, version: 0 });
    expect(answer.headers.get("etag")).toBe('"0"');
  });

  test("change one by one, by version", async () => {
    const ip = { perSecond: 5, burst: 20 };
    const changed = await admin("PATCH", "limits", { ip }, { "if-match": '"0"' });
    expect([changed.status, changed.headers.get("etag")]).toEqual([200, '"1"']);
    expect(changed.json).toEqual({ ip, buyer: null, global: null, version: 1 });
    expect(code(await admin("PATCH", "limits", { ip }, { "if-match": '"0"' }))).toBe(
      "version-conflict",
    );
    expect(code(await admin("PATCH", "limits", { ip }))).toBe("precondition-required");
    const lifted = await setLimits({ ip: null, buyer: ip });
    expect(lifted.json).toMatchObject({ ip: null, buyer: ip, version: 2 });
  });

  test.each([{}, { ip: { perSecond: 0, burst: 1 } }, { ip: { perSecond: 1 } }, { sale: null }])(
    "are not changed by %p",
    async (body) => {
      expect((await setLimits(body)).status).toBe(400);
    },
  );

  test("are an administrator's", async () => {
    const token = engine.buyer("ada");
    for (const path of ["limits", "access/deny"]) {
      expect((await engine.call("GET", `/v1/admin/${path}`, { token })).status).toBe(403);
    }
  });

  test("refuse by address before they ask who it is, and name the policy", async () => {
    await setLimits({ ip: { perSecond: 2, burst: 1 } });
    expect((await buy()).status).toBe(202);
    const { purchase } = engine.hot;
    const forged = new Request("http://localhost/", requestInit("POST", { body: "no JSON" }));
    const answer = await answerOf(await purchase(forged, open, () => "192.0.2.1"));
    expect([answer.status, code(answer)]).toEqual([429, "rate-limited"]);
    expect(answer.json["violated-policies"]).toEqual(["ip"]);
    expect(answer.headers.get("ratelimit")).toBe('"ip";r=0;t=1');
    expect(answer.headers.get("ratelimit-policy")).toBe('"ip";q=2;w=1');
    expect((await buy({ peer: "192.0.2.2" })).status).toBe(202);
    const metrics = await engine.deps.metrics.text();
    expect(metrics).toContain('doorbuster_rate_limit_rejected_total{policy="ip"} 1');
  });

  test.each(["ip", "sale", "global"] as const)(
    "that are known to be reached cost no look at the token or the body: %s",
    async (policy) => {
      const one = { perSecond: 1, burst: 1 };
      if (policy === "sale") open = await engine.openSale({ rateLimit: one });
      else await setLimits({ [policy]: one });
      expect((await buy()).status).toBe(202);
      const answer = await answerOf(await engine.hot.purchase(untouched(), open, () => usual));
      expect([answer.status, answer.json["violated-policies"]]).toEqual([429, [policy]]);
      expect(engine.logged).toEqual([]);
    },
  );

  test("refuse a buyer, and everybody", async () => {
    await setLimits({ buyer: { perSecond: 1, burst: 1 }, global: { perSecond: 1, burst: 2 } });
    expect((await buy({ buyer: "ada" })).status).toBe(202);
    expect((await buy({ buyer: "ada" })).json["violated-policies"]).toEqual(["buyer"]);
    expect((await buy({ buyer: "bob" })).status).toBe(202);
    expect((await buy({ buyer: "eve" })).json["violated-policies"]).toEqual(["global"]);
  });

  test("send those who come too often back over the more seconds the more they are", async () => {
    await setLimits({ ip: { perSecond: 1, burst: 1 } });
    let chance = 0;
    const at = hotHandlers({ ...engine.deps, random: () => chance });
    const seconds = new Set<string | null>();
    for (let n = 0; n < 200; n += 1) {
      chance = (n % 10) / 10;
      seconds.add((await buy({ at })).headers.get("retry-after"));
    }
    expect(seconds).toEqual(new Set([null, "1", "2", "3", "4", "5"]));
    engine.advance(10_000);
    chance = 0.99;
    expect((await buy({ at })).status).toBe(202);
    expect((await buy({ at })).headers.get("retry-after")).toBe("2");
  });

  test("that nobody can count are answered 503", async () => {
    const away = { granted: false, why: "away", retryAfterMs: 1_000 } as const;
    const limiter = { known: () => null, take: async () => away };
    const answer = await buy({ at: hotHandlers({ ...engine.deps, limiter }) });
    expect([answer.status, code(answer)]).toEqual([503, "service-unavailable"]);
    expect(answer.headers.get("retry-after")).toBe("1");
  });
});

describe("the address of a client", () => {
  beforeEach(() => setLimits({ ip: { perSecond: 1, burst: 1 } }));

  const same: readonly (readonly [string, From, From])[] = [
    ["of version 6 is its network's", { peer: "2001:db8::1" }, { peer: "2001:db8::2:1" }],
    ["is that of the connection", { forwarded: "198.51.100.1" }, { forwarded: "198.51.100.2" }],
    [
      "is what a proxy of ours says",
      { peer: "10.0.0.1", forwarded: "192.0.2.7" },
      { peer: "192.0.2.7" },
    ],
    [
      "is what the last stranger said to a row of our proxies",
      { peer: "::1", forwarded: "203.0.113.9, 192.0.2.8:4711, 10.9.9.9" },
      { peer: "10.0.0.2", forwarded: "8.8.8.8,192.0.2.8" },
    ],
    [
      "is read with a port, and in brackets",
      { peer: "10.0.0.1", forwarded: "[2001:db8:7::1]:80" },
      { peer: "2001:db8:7::9" },
    ],
    [
      "is our proxy's if that says nonsense",
      { peer: "10.0.0.5", forwarded: "192.0.2.1, unknown" },
      { peer: "10.0.0.5" },
    ],
  ];
  test.each(same)("%s", async (_, first, second) => {
    expect((await buy(first)).status).toBe(202);
    expect((await buy(second)).json["violated-policies"]).toEqual(["ip"]);
  });

  test("is not needed: who has none is not limited by it", async () => {
    expect((await buy({ peer: null })).status).toBe(202);
    expect((await buy({ peer: null })).status).toBe(202);
  });

  test("behind one proxy is told apart", async () => {
    expect((await buy({ peer: "10.0.0.1", forwarded: "192.0.2.1" })).status).toBe(202);
    expect((await buy({ peer: "10.0.0.1", forwarded: "192.0.2.2" })).status).toBe(202);
  });
});

describe("the lists", () => {
  test("deny networks and buyers, until they are taken off", async () => {
    const path = "access/deny/networks/192.0.2.0%2F24";
    const put = await admin("PUT", path, { note: "a farm" });
    expect(put.status).toBe(201);
    expect(put.json).toEqual({
      ...{ list: "deny", kind: "networks", value: "192.0.2.0/24", note: "a farm" },
      createdAt: expect.any(String),
    });
    const refused = await buy();
    expect([refused.status, code(refused)]).toEqual([403, "access-denied"]);
    expect((await buy({ peer: "198.51.100.1" })).status).toBe(202);
    expect((await admin("PUT", path, {})).status).toBe(200);
    expect((await admin("DELETE", path)).status).toBe(204);
    expect(code(await admin("DELETE", path))).toBe("not-found");
    expect((await buy()).status).toBe(202);

    expect((await admin("PUT", "access/deny/buyers/mallory", {})).status).toBe(201);
    expect(code(await buy({ buyer: "mallory" }))).toBe("access-denied");
    expect(await engine.deps.metrics.text()).toContain("doorbuster_access_denied_total 2");
  });

  test("spare whom they allow", async () => {
    await setLimits({ ip: { perSecond: 1, burst: 1 } });
    await admin("PUT", "access/allow/networks/192.0.2.1", {});
    for (let n = 0; n < 3; n += 1) expect((await buy()).status).toBe(202);
  });

  test("are read page by page", async () => {
    for (const buyer of ["eve", "bob", "ada"])
      await admin("PUT", `access/deny/buyers/${buyer}`, {});
    await admin("PUT", "access/allow/buyers/root", {});
    const first = await admin("GET", "access/deny?limit=2");
    expect(first.json.items.map((entry: { value: string }) => entry.value)).toEqual(["ada", "bob"]);
    const second = await admin("GET", `access/deny?limit=2&cursor=${first.json.nextCursor}`);
    expect(second.json).toMatchObject({ items: [{ value: "eve" }], nextCursor: null });
  });

  test.each(["deny/networks/10.0.0.1%2F8", "deny/buyers/%20", "deny/robots/x", "maybe/buyers/x"])(
    "take no %s",
    async (path) => {
      const answer = await admin("PUT", `access/${path}`, {});
      expect([answer.status, code(answer)]).toEqual([400, "invalid-request"]);
    },
  );
});
