// Administrators on a port of their own: the main port knows neither their calls nor them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePort } from "../../scripts/support/free-port.ts";
import { type ApiRole, apiRole } from "../../src/roles/api.ts";
import {
  answerOf,
  type HttpEngine,
  httpEngine,
  newSale,
  requestInit,
  tokenFor,
} from "../support/http-engine.ts";

let engine: HttpEngine;
let role: ApiRole;
let sale: string;
beforeAll(async () => {
  engine = await httpEngine();
  role = apiRole(engine.deps, {
    ...{ host: "127.0.0.1", port: 0, sharePort: false },
    admin: { host: "127.0.0.1", port: await freePort() },
    metrics: { port: null },
  });
  await role.start();
  sale = await engine.openSale();
});
afterAll(async () => {
  await role.stop();
  await engine.close();
});

async function call(base: string, method: string, path: string, token?: string, body?: unknown) {
  const headers = { "idempotency-key": "k" };
  return answerOf(await fetch(base + path, requestInit(method, { token, body, headers })));
}

describe("the main port", () => {
  const adminCalls: readonly (readonly [string, string])[] = [
    ["POST", "/v1/sales"],
    ["PATCH", "/v1/sales/s1"],
    ["POST", "/v1/sales/s1/open"],
    ["POST", "/v1/sales/s1/close"],
    ["POST", "/v1/sales/s1/stock"],
    ["GET", "/v1/sales/s1/audit"],
    ["GET", "/v1/admin/dlq"],
    ["GET", "/v1/admin/locks"],
  ];
  test.each(adminCalls)("has no %s %s, whoever asks", async (method, path) => {
    for (const token of [engine.admin, engine.buyer("ada"), undefined]) {
      const answer = await call(role.url(), method, path, token);
      expect([answer.status, answer.json.type]).toEqual([404, "/problems/not-found"]);
    }
  });

  test("takes nobody for an administrator", async () => {
    const path = `/v1/orders?saleId=${sale}`;
    expect((await call(role.url(), "GET", path, engine.admin)).status).toBe(403);
    const both = tokenFor("both", "buy admin", engine.deps.clock);
    await call(role.url(), "POST", `/v1/sales/${sale}/orders`, engine.buyer("x"), { quantity: 1 });
    expect((await call(role.url(), "GET", path, both)).json.items).toEqual([]);
    expect((await call(role.adminUrl(), "GET", path, both)).json.items).toHaveLength(1);
  });

  test("describes what it answers, and shows no metrics", async () => {
    const { paths } = (await call(role.url(), "GET", "/openapi.json")).json;
    expect(Object.keys(paths)).toContain("/v1/sales/{id}/orders");
    expect(Object.keys(paths)).not.toContain("/v1/sales/{id}/audit");
    expect(Object.keys(paths["/v1/sales"])).toEqual(["get"]);
    expect((await call(role.url(), "GET", "/metrics")).status).toBe(404);
    expect((await call(role.url(), "GET", "/readyz")).status).toBe(200);
  });

  test("sells to buyers as ever", async () => {
    const path = `/v1/sales/${sale}/orders`;
    const bought = await call(role.url(), "POST", path, engine.buyer("bob"), { quantity: 1 });
    expect(bought.status).toBe(202);
  });
});

describe("the administrators' port", () => {
  test("answers calls of everybody", async () => {
    const url = role.adminUrl();
    const body = newSale();
    expect((await call(url, "POST", "/v1/sales", engine.admin, body)).status).toBe(201);
    expect((await call(url, "GET", `/v1/sales/${sale}/audit`, engine.admin)).status).toBe(200);
    expect((await call(url, "GET", "/v1/admin/locks", engine.buyer("ada"))).status).toBe(403);
    expect((await call(url, "GET", "/metrics")).text).toContain("doorbuster_http_requests_total");
    const path = `/v1/sales/${sale}/orders`;
    expect((await call(url, "POST", path, engine.buyer("eve"), { quantity: 1 })).status).toBe(202);
  });
});
