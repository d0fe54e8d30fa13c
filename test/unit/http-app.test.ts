// The API as a whole: addresses and methods that aren't there, problems, headers, probes, metrics,
// and the description of itself, which must list what the routes answer.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { problems } from "../../src/domain/errors.ts";
import { buildApp, buildMetricsApp } from "../../src/http/app.ts";
import { type Answer, answerOf, type HttpEngine, httpEngine } from "../support/http-engine.ts";

let engine: HttpEngine;
beforeAll(async () => {
  engine = await httpEngine();
});
afterAll(() => engine.close());

describe("a problem", () => {
  const calls: readonly (readonly [string, string, number])[] = [
    ["GET", "/nothing", 404],
    ["GET", "/v1/sales/s1/", 404],
    ["DELETE", "/v1/sales", 405],
    ["GET", "/v1/sales/s1/orders", 405],
    ["GET", "/v1/sales/s999", 404],
    ["GET", "/v1/orders", 401],
    ["GET", "/v1/sales?limit=0", 400],
    ["POST", "/v1/dev/tokens", 415],
  ];
  test.each(calls)(
    "of %s %s has its type, title, status and detail",
    async (method, path, status) => {
      const answer = await engine.call(method, path);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      const { type, title, status: said, detail } = answer.json;
      const code = Object.keys(problems).find((known) => type === `/problems/${known}`);
      expect(Object.entries(problems)).toContainEqual([
        String(code),
        expect.objectContaining({ title, status: said }),
      ]);
      expect(said).toBe(status);
      expect(detail).toMatch(/\w/);
    },
  );

  test("that nobody foresaw says nothing of its cause, and is logged", async () => {
    const sales = { ...engine.deps.sales, list: () => Promise.reject(new Error("disk on fire")) };
    const app = buildApp({ ...engine.deps, sales });
    const answer = await answerOf(await app.request("/v1/sales"));
    expect([answer.status, answer.json.type]).toEqual([500, "/problems/internal"]);
    expect(Object.keys(answer.json)).toEqual(["type", "title", "status", "detail"]);
    expect(answer.text).not.toContain("fire");
    expect(engine.logged).toMatchObject([{ err: { message: "disk on fire" } }]);
  });
});

test("a broken invariant is answered 500, and then stops the process", async () => {
  const script = `
    import { InvariantError } from "./src/lib/assert.ts";
    import { internalError } from "./src/http/internal-error.ts";
    const answer = internalError({ error() {} }, new InvariantError("units do not add up"));
    console.log(answer.status);
    setTimeout(() => console.log("still there"), 50);
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
  expect(await child.exited).not.toBe(0);
  expect(await new Response(child.stdout).text()).toBe("500\n");
});

describe("a method", () => {
  test.each([
    ["DELETE", "/v1/sales", "GET, HEAD, OPTIONS, POST"],
    ["PUT", "/v1/sales/s1", "GET, HEAD, OPTIONS, PATCH"],
    ["GET", "/v1/sales/s1/orders", "OPTIONS, POST"],
    ["POST", "/livez", "GET, HEAD, OPTIONS"],
  ])("%s that %s has not is refused with the ones it has", async (method, path, allowed) => {
    const answer = await engine.call(method, path);
    expect([answer.status, answer.json.type]).toEqual([405, "/problems/method-not-allowed"]);
    expect(answer.headers.get("allow")).toBe(allowed);
    const options = await engine.call("OPTIONS", path);
    expect([options.status, options.headers.get("allow")]).toEqual([204, allowed]);
  });
});

describe("every answer", () => {
  const paths = ["/v1/sales", "/nothing", "/livez", "/openapi.json", "/metrics", "/docs"];
  test.each(paths)("of %s keeps browsers from guessing, keeping and framing it", async (path) => {
    const { headers } = await engine.call("GET", path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });
});

describe("the probes", () => {
  test("say that the process lives, and whether it is ready", async () => {
    expect((await engine.call("GET", "/livez")).json).toEqual({ status: "ok" });
    expect((await engine.call("GET", "/readyz")).json).toEqual({ status: "ready" });
  });

  test("name what is not ready", async () => {
    const own = await httpEngine();
    let why: string | null = "the disk is full";
    own.deps.health.watch("data directory", () => why);
    const answer = await own.call("GET", "/readyz");
    expect([answer.status, answer.json.type]).toEqual([503, "/problems/not-ready"]);
    expect(answer.json.notReady).toEqual([{ part: "data directory", detail: "the disk is full" }]);
    expect((await own.call("GET", "/livez")).status).toBe(200);
    why = null;
    expect((await own.call("GET", "/readyz")).status).toBe(200);
    await own.close();
  });
});

describe("the metrics", () => {
  test("count requests by route and status, and purchases by outcome", async () => {
    const own = await httpEngine();
    const sale = await own.openSale({ stock: 1 });
    const buy = (buyer: string) =>
      own.call("POST", `/v1/sales/${sale}/orders`, {
        token: own.buyer(buyer),
        body: { quantity: 1 },
        headers: { "idempotency-key": "x" },
      });
    for (const buyer of ["ada", "ada", "bob"]) await buy(buyer);
    await own.call("GET", "/nothing/1");
    await own.call("GET", "/nothing/2");
    own.deps.metrics.observePlacement({
      placed: 2,
      refused: 1,
      duplicates: 3,
      poison: 4,
      lagMs: 7,
    });
    own.deps.metrics.controller.swept(5);
    own.deps.metrics.rateLimited("sale");
    const rate = { saleId: "s7", perSecond: 90, lowered: "lag" };
    own.deps.metrics.controller.adapted([{ ...rate, saleId: "s8" }]);
    own.deps.metrics.controller.adapted([rate, { ...rate, saleId: "s9", lowered: null }]);
    const { text, headers } = await own.call("GET", "/metrics");
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const route = 'method="POST",route="/v1/sales/{id}/orders"';
    for (const line of [
      `doorbuster_http_requests_total{${route},status="202"} 2`,
      `doorbuster_http_requests_total{${route},status="409"} 1`,
      `doorbuster_http_request_duration_seconds_bucket{${route},le="+Inf"} 3`,
      `doorbuster_http_request_duration_seconds_count{${route}} 3`,
      'doorbuster_http_requests_total{method="GET",route="unknown",status="404"} 2',
      'doorbuster_purchases_total{outcome="accepted"} 1',
      'doorbuster_purchases_total{outcome="repeated"} 1',
      'doorbuster_purchases_total{outcome="sold-out"} 1',
      'doorbuster_rate_limit_rejected_total{policy="sale"} 1',
      "doorbuster_orders_refused_total 1",
      "doorbuster_orders_poison_total 4",
      "doorbuster_orders_swept_total 5",
      "doorbuster_purchases_waiting 0",
      'doorbuster_sale_rate_per_second{sale="s7"} 90',
      'doorbuster_sale_rate_per_second{sale="s9"} 90',
      'doorbuster_sale_rate_lowered_total{reason="lag"} 2',
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(text).not.toContain('sale="s8"');
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
    await own.close();
  });

  test("have a port of their own where they are asked to", async () => {
    const app = buildApp(engine.deps, { metrics: false, admins: true });
    expect((await app.request("/metrics")).status).toBe(404);
    const operations = buildMetricsApp(engine.deps);
    expect((await operations.request("/metrics")).status).toBe(200);
    expect((await operations.request("/readyz")).status).toBe(200);
    expect((await operations.request("/v1/sales")).status).toBe(404);
  });
});

describe("the description", () => {
  const describe31 = async () => (await engine.call("GET", "/openapi.json")).json;

  test("is OpenAPI 3.1 and lists every route that is there", async () => {
    const { openapi, paths } = await describe31();
    expect(openapi).toMatch(/^3\.1\./);
    const described = Object.entries<object>(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const undescribed = ["/openapi.json", "/docs", "/metrics"];
    const mounted = engine.app.routes
      .filter(
        ({ method, path }) => method !== "ALL" && !undescribed.some((it) => path.startsWith(it)),
      )
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
    expect(new Set(described)).toEqual(new Set(mounted));
  });

  test("lists the statuses, the headers and who may call", async () => {
    const { paths, components } = await describe31();
    const { post } = paths["/v1/sales/{id}/orders"];
    const statuses = [
      "202",
      "400",
      "401",
      "403",
      "404",
      "409",
      "413",
      "415",
      "422",
      "429",
      "500",
      "503",
    ];
    expect(Object.keys(post.responses).sort()).toEqual(statuses);
    expect(Object.keys(post.responses["429"].headers)).toContain("Retry-After");
    expect(post.security).toEqual([{ bearer: [] }]);
    expect(post.parameters.map((it: { name: string }) => it.name)).toContain("Idempotency-Key");
    expect(components.securitySchemes.bearer.scheme).toBe("bearer");
    const { patch } = paths["/v1/sales/{id}"];
    expect(Object.keys(patch.responses)).toContain("428");
    expect(Object.keys(patch.responses)).toContain("412");
  });

  test("is shown by pages that load nothing from elsewhere", async () => {
    const page = await engine.call("GET", "/docs");
    expect(page.headers.get("content-type")).toContain("text/html");
    const files = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(
      (match) => match[1] ?? "",
    );
    expect(files).toHaveLength(3);
    for (const file of files) expect((await engine.call("GET", file)).status).toBe(200);
    expect(page.text).not.toContain("http");
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self';");
  });
});

describe("a HEAD", () => {
  test("is answered as the GET, without its body", async () => {
    const head: Answer = await engine.call("HEAD", "/v1/sales");
    expect([head.status, head.text]).toEqual([200, ""]);
    expect(head.headers.get("content-type")).toBe("application/json");
  });
});
