// Pages of other origins, as browsers ask for them: through the router and on the server's own
// routes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bunRoutes } from "../../src/http/bun-routes.ts";
import { type HttpServer, listen } from "../../src/http/listen.ts";
import { type HttpEngine, httpEngine } from "../support/http-engine.ts";

const shop = "https://shop.example";
const allowed = { origins: [shop, "http://localhost:5173"], maxAgeSeconds: 300 };

let engine: HttpEngine;
let server: HttpServer;
let off: HttpEngine;
beforeAll(async () => {
  engine = await httpEngine({ cors: allowed });
  off = await httpEngine();
  server = listen(engine.app, bunRoutes(engine.deps), { host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.stop(0);
  await engine.close();
  await off.close();
});

const paths = ["/v1/sales", "/v1/sales/s1", "/v1/sales/s1/orders", "/nothing", "/readyz"];

const preflight = (origin: string) => ({
  method: "OPTIONS",
  headers: {
    origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,idempotency-key",
  },
});

describe("a page of an allowed origin", () => {
  test.each(paths)("is told at %s what it may send, and for how long", async (path) => {
    const answer = await fetch(server.url + path, preflight(shop));
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe(shop);
    expect(answer.headers.get("access-control-allow-methods")).toContain("POST");
    expect(answer.headers.get("access-control-allow-headers")).toContain("idempotency-key");
    expect(answer.headers.get("access-control-max-age")).toBe("300");
    expect(answer.headers.has("access-control-allow-credentials")).toBe(false);
    expect(answer.headers.get("vary")).toBe("origin");
  });

  test.each(paths)("may read the answers of %s, and their headers", async (path) => {
    for (const method of ["GET", "POST"]) {
      const answer = await fetch(server.url + path, { method, headers: { origin: shop } });
      expect(answer.headers.get("access-control-allow-origin")).toBe(shop);
      expect(answer.headers.get("access-control-expose-headers")).toContain("retry-after");
      expect(answer.headers.get("vary")).toBe("origin");
    }
  });
});

describe("a page of another origin", () => {
  const others = ["https://evil.example", "https://shop.example.evil.example", "null"];
  test.each(others)("is told nothing (%s)", async (origin) => {
    for (const path of paths) {
      const asked = await fetch(server.url + path, preflight(origin));
      const read = await fetch(server.url + path, { headers: { origin } });
      for (const answer of [asked, read]) {
        expect(answer.headers.has("access-control-allow-origin")).toBe(false);
        expect(answer.headers.get("vary")).toBe("origin");
      }
    }
  });
});

test("anybody's pages may call where the configuration says so", async () => {
  const open = await httpEngine({ cors: { origins: ["*"], maxAgeSeconds: 0 } });
  const answer = await open.call("GET", "/v1/sales", { headers: { origin: "null" } });
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  await open.close();
});

test("nobody's pages may call unless the configuration says so", async () => {
  for (const path of paths) {
    const answer = await off.call("GET", path, { headers: { origin: shop } });
    expect(answer.headers.has("access-control-allow-origin")).toBe(false);
    expect(answer.headers.has("vary")).toBe(false);
  }
});
