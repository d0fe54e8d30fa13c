// The commands that talk to a server: what they ask, what they show, and how they fail.

import { afterAll, describe, expect, test } from "bun:test";
import { cli } from "../support/cli-world.ts";
import { problemAnswer, scriptedApi } from "../support/scripted-api.ts";

const api = scriptedApi();
afterAll(() => api.stop());

const sale = {
  id: "s1",
  productId: "phone-15",
  name: "Phone 15",
  price: { amount: "199.00", currency: "CNY" },
  state: "open",
  startsAt: null,
  endsAt: null,
  stock: 1000,
  remaining: 990,
  perBuyerLimit: 1,
  rateLimit: { perSecond: 1000, burst: 1000 },
  serverTime: "2026-07-04T00:00:00.000Z",
};
const audit = {
  ok: true,
  ...{ stock: 1000, remaining: 990, pending: 1, inTransfer: 0, sold: 9, released: 0, refused: 0 },
  ...{ orders: 9, duplicates: 0, overLimitBuyers: 0, findings: [] },
  checkedAt: "2026-07-04T00:00:00.000Z",
};
const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });
const env = { DOORBUSTER_URL: api.url, DOORBUSTER_TOKEN: "admin-token" };
const run = (...args: readonly string[]) => cli(args, { env });

describe("sales", () => {
  test("list shows a table, and as JSON what the server said", async () => {
    api.answer(json({ items: [sale, { ...sale, id: "s2", name: "手机" }], nextCursor: "abc" }));
    const { exitCode, stdout } = await run("sale", "list", "--limit", "2");
    expect(exitCode).toBe(0);
    expect(api.asked[0]?.path).toBe("/v1/sales?limit=2");
    expect(stdout.split("\n")).toEqual([
      "SALE  STATE  LEFT  STOCK       PRICE  STARTS  NAME",
      "s1    open    990   1000  199.00 CNY  -       Phone 15",
      "s2    open    990   1000  199.00 CNY  -       手机",
      "",
      "More: --cursor abc",
      "",
    ]);
    const asJson = await run("sale", "list", "--json");
    expect(JSON.parse(asJson.stdout)).toMatchObject({ items: [sale, {}], nextCursor: "abc" });
  });

  test("list says what to do when there are none", async () => {
    api.answer(json({ items: [], nextCursor: null }));
    expect((await run("sale", "list")).stdout).toContain("sale create --help");
  });

  test("show tells everything about one", async () => {
    api.answer(json(sale));
    const { stdout } = await run("sale", "show", "s1");
    expect(api.asked).toMatchObject([{ method: "GET", path: "/v1/sales/s1" }]);
    expect(stdout).toMatch(/^remaining +990$/m);
    expect(JSON.parse((await run("sale", "show", "s1", "--json")).stdout)).toEqual(sale);
  });

  test("show tells where a sale with a fallback is sold from", async () => {
    api.answer(json({ ...sale, strategy: "atomic", fallback: "database", mode: "ledger" }));
    const { stdout } = await run("sale", "show", "s1");
    expect(stdout).toMatch(/^strategy +atomic, falls back to the database; sold from: ledger$/m);
    api.answer(json({ ...sale, strategy: "locked", fallback: null, mode: "stock" }));
    expect((await run("sale", "show", "s1")).stdout).toMatch(/^strategy +locked$/m);
  });

  test("create sends what was asked for and leaves the rest to the server", async () => {
    api.answer(json(sale, 201));
    const terms = ["--product-id", "phone-15", "--stock", "1000", "--price", "199"];
    expect((await run("sale", "create", ...terms)).exitCode).toBe(0);
    expect(api.asked).toMatchObject([
      {
        method: "POST",
        path: "/v1/sales",
        authorization: "Bearer admin-token",
        body: {
          productId: "phone-15",
          name: "phone-15",
          stock: 1000,
          price: { amount: "199.00", currency: "CNY" },
        },
      },
    ]);
    expect(Object.keys(api.asked[0]?.body ?? {})).toHaveLength(4);
  });

  test("create passes every term on, times in UTC, and can open at once", async () => {
    api.answer(json(sale, 201), json(sale));
    const terms = ["--product-id", "p", "--name", "P", "--stock", "5", "--price", "1.50"];
    const money = ["--currency", "EUR", "--per-buyer-limit", "2"];
    const more = [...money, "--rate", "10", "--buckets", "4", "--strategy", "locked"];
    const window = ["--starts-at", "2030-11-11T08:00+08:00", "--ends-at", "2030-11-12T00:00:00Z"];
    const rest = ["--payment-window", "60", "--board-score", "quantity", "--open"];
    await run("sale", "create", ...terms, ...more, ...window, ...rest);
    expect(api.asked[0]?.body).toEqual({
      productId: "p",
      name: "P",
      stock: 5,
      price: { amount: "1.50", currency: "EUR" },
      startsAt: "2030-11-11T00:00:00.000Z",
      endsAt: "2030-11-12T00:00:00.000Z",
      perBuyerLimit: 2,
      rateLimit: { perSecond: 10, burst: 10 },
      paymentWindowSeconds: 60,
      buckets: 4,
      strategy: "locked",
      board: { score: "quantity" },
    });
    expect(api.asked[1]).toMatchObject({ method: "POST", path: "/v1/sales/s1/open" });
  });

  test("create makes a rate adaptive by any of its options, if there is a ceiling", async () => {
    const terms = ["--product-id", "p", "--stock", "5", "--price", "1.50"];
    const rateOf = async (...options: string[]) => {
      api.answer(json(sale, 201));
      await run("sale", "create", ...terms, ...options);
      const [{ rateLimit } = {}] = api.asked
        .slice(-1)
        .map(({ body }) => body as { rateLimit?: unknown });
      return rateLimit;
    };
    const [plain, some] = [{ perSecond: 9, burst: 9 }, ["--rate-floor", "2", "--lag-target", "90"]];
    expect(await rateOf("--rate", "9", "--adaptive")).toEqual({ ...plain, adaptive: {} });
    const adaptive = { floorPerSecond: 2, lagTargetMs: 90 };
    expect(await rateOf("--rate", "9", ...some)).toEqual({ ...plain, adaptive });
    const { exitCode, stderr } = await run("sale", "create", ...terms, "--adaptive");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("--rate")]);
  });

  test("show says that a rate adapts, and how far down", async () => {
    const adaptive = { floorPerSecond: 7, lagTargetMs: 200, reserveTargetMs: 50 };
    api.answer(json({ ...sale, rateLimit: { perSecond: 9, burst: 9, adaptive } }));
    const { stdout } = await run("sale", "show", "s1");
    expect(stdout).toMatch(/^rate +9 per second, burst 9; adapts, at least 7$/m);
  });

  test.each(["open", "pause", "resume", "close"])("%s asks for just that", async (action) => {
    api.answer(json(sale));
    const { exitCode, stdout } = await run("sale", action, "s1");
    expect(api.asked).toMatchObject([{ method: "POST", path: `/v1/sales/s1/${action}` }]);
    expect([exitCode, stdout]).toEqual([0, "s1 is open: 990 of 1000 units left\n"]);
  });

  test("restock sends its key, or a new one each time", async () => {
    api.answer(json(sale));
    await run("sale", "restock", "s1", "--add", "5", "--key", "k1");
    await run("sale", "restock", "s1", "--add", "5");
    await run("sale", "restock", "s1", "--add", "5");
    const [first, second, third] = api.asked;
    expect(first).toMatchObject({ path: "/v1/sales/s1/stock", body: { add: 5 }, requestKey: "k1" });
    expect(second?.requestKey).not.toBe(third?.requestKey ?? "");
  });

  test("an id cannot lead to another address", async () => {
    api.answer(problemAnswer(404, { type: "/problems/sale-not-found", title: "No sale" }));
    await run("sale", "show", "../orders?x=1");
    expect(api.asked[0]?.path).toBe("/v1/sales/..%2Forders%3Fx%3D1");
  });
});

describe("audit", () => {
  test.each([
    [true, 0, "ok, every unit is accounted for"],
    [false, 1, "FAILED"],
    [null, 1, "undecided"],
  ])("ok %p is exit code %d", async (ok, exitCode, verdict) => {
    const findings = ok === false ? ["oversold: 11 units sold of 10"] : [];
    api.answer(json({ ...audit, ok, findings }));
    const human = await run("audit", "s1");
    expect(human.exitCode).toBe(exitCode);
    expect(human.stdout).toContain(verdict);
    expect(human.stdout).toContain(findings[0] ?? "1000 = 990 remaining + 1 pending");
    const asJson = await run("audit", "s1", "--json");
    expect([asJson.exitCode, JSON.parse(asJson.stdout).ok]).toEqual([exitCode, ok]);
  });
});

describe("who asks", () => {
  test("a token is signed here if none is given, and lives for a minute", async () => {
    api.answer(json(sale));
    await cli(["sale", "open", "s1"], { env: { DOORBUSTER_URL: api.url } });
    const token = api.asked[0]?.authorization?.replace("Bearer ", "") ?? "";
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ scope: "admin", iss: "doorbuster", aud: "doorbuster" });
    expect(claims.exp - claims.iat).toBe(60);
  });

  test("what is public is asked without a token, unless one is given", async () => {
    api.answer(json(sale));
    await cli(["sale", "show", "s1"], { env: { DOORBUSTER_URL: api.url } });
    await run("sale", "show", "s1", "--token", "mine");
    expect(api.asked.map(({ authorization }) => authorization)).toEqual([null, "Bearer mine"]);
  });

  test("flags win over the environment", async () => {
    api.answer(json(sale));
    const elsewhere = { DOORBUSTER_URL: "http://127.0.0.1:1", DOORBUSTER_TOKEN: "not this" };
    const args = ["sale", "open", "s1", "--url", `${api.url}/`, "--token", "this"];
    const { exitCode } = await cli(args, { env: elsewhere });
    expect([exitCode, api.asked[0]?.authorization]).toEqual([0, "Bearer this"]);
  });

  test("the server of the configuration is asked, by an address that can be reached", async () => {
    api.answer(json(sale));
    const given = {
      DOORBUSTER_HOST: "0.0.0.0",
      DOORBUSTER_PORT: new URL(api.url).port,
      DOORBUSTER_AUTH_SECRET: "a-secret-of-more-than-32-bytes-aaaaaaaa",
    };
    expect((await cli(["sale", "open", "s1"], { env: given })).exitCode).toBe(0);
  });
});

describe("failures", () => {
  const gone = ["sale", "list", "--url", "http://127.0.0.1:1"];

  test("no server: where it was looked for, and how to start one", async () => {
    const { exitCode, stdout, stderr } = await run(...gone);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("no server answers at http://127.0.0.1:1");
    expect(stderr).toContain("npm start");
  });

  test("a problem: its title, its detail, the fields at fault", async () => {
    const message = "Not valid: name is missing (and 1 more)\n  stock must be at least 1";
    const problem = {
      type: "/problems/invalid-request",
      title: "Not valid",
      detail: "name is missing (and 1 more)",
      errors: [
        { field: "name", message: "is missing" },
        { field: "stock", message: "must be at least 1" },
      ],
    };
    api.answer(problemAnswer(400, problem));
    const { exitCode, stderr } = await run("sale", "open", "s1");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${message}\n`);
    const asJson = await run("sale", "open", "s1", "--json");
    expect(JSON.parse(asJson.stderr)).toEqual({
      error: { code: "invalid-request", message, help: null, status: 400, problem },
    });
  });

  test.each([
    [401, {}, "DOORBUSTER_TOKEN"],
    [403, {}, "scope `admin`"],
    [503, { "retry-after": "2" }, "Try again after 2 s."],
  ])("%d comes with what to do", async (status, headers, help) => {
    api.answer(problemAnswer(status, { title: "No" }, headers));
    expect((await run("sale", "open", "s1")).stderr).toContain(help);
  });

  test.each([
    ["a page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["other JSON", json({ hello: "world" })],
  ])("%s instead of Doorbuster's answer is said to be that", async (_, answer) => {
    api.answer(answer);
    const { exitCode, stderr } = await run("sale", "show", "s1");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("does not speak Doorbuster's API");
  });

  test("text from a server cannot steer the terminal", async () => {
    api.answer(json({ ...sale, name: "a\u001b[2Jb\nforged" }));
    const { stdout } = await run("sale", "show", "s1");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toMatch(/^forged/m);
    api.answer(problemAnswer(400, { title: "a\u001b[2J" }));
    expect((await run("sale", "show", "s1")).stderr).not.toContain("\u001b");
  });

  test("there is a stack trace only when it was asked for", async () => {
    expect((await run(...gone)).stderr).not.toContain("    at ");
    const debug = { ...env, DOORBUSTER_DEBUG: "1" };
    expect((await cli(gone, { env: debug })).stderr).toContain("    at ");
  });
});
