// The program with a shop's identity provider: processes as an operator starts them, keys from a
// real server.

import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../../scripts/support/free-port.ts";
import { doorbuster, serving } from "../support/doorbuster-process.ts";
import { newSale, requestInit } from "../support/http-engine.ts";
import { buyerClaims, identityProvider, providerKey } from "../support/identity-provider.ts";
import { tempDir } from "../support/temp-dir.ts";
import { untilAsync } from "../support/until.ts";

/** Each command is a process of its own, and the machine may be busy. */
setDefaultTimeout(40_000);

const key = providerKey("ES256", "e1");
const provider = identityProvider([key.jwk]);
beforeEach(() => provider.publish([key.jwk]));
afterAll(() => provider.close());

const env = { DOORBUSTER_AUTH_JWKS_URL: provider.url, DOORBUSTER_AUTH_JWKS_REFRESH_SECONDS: "5" };
const claims = (sub: string, scope: string) => ({ ...buyerClaims(sub, Date.now()), scope });

async function call(url: string, path: string, token: string, body?: unknown) {
  const method = body === undefined ? "GET" : "POST";
  const headers = { "idempotency-key": token.slice(-20) };
  return await fetch(url + path, requestInit(method, { token, body, headers }));
}

describe("serve", () => {
  test("sells to buyers of the provider, on a port apart from its administrators", async () => {
    const port = await freePort();
    const admins = { DOORBUSTER_ADMIN_PORT: String(port) };
    const shop = await serving(["--json"], { cwd: tempDir(), env: { ...env, ...admins } });
    const admin = key.sign(claims("root", "admin"));
    const adminUrl = `http://127.0.0.1:${port}`;
    expect((await call(shop.url, "/v1/sales", admin, newSale())).status).toBe(404);
    expect((await call(adminUrl, "/v1/sales", admin, newSale())).status).toBe(201);
    expect((await call(adminUrl, "/v1/sales/s1/open", admin, {})).status).toBe(200);
    const buyer = key.sign(claims("ada", "buy"));
    const order = { quantity: 1 };
    expect((await call(shop.url, "/v1/sales/s1/orders", buyer, order)).status).toBe(202);
    provider.publish([providerKey("ES256", "e2").jwk]);
    await untilAsync(async () => {
      const again = await call(shop.url, "/v1/sales/s1/orders", buyer, order);
      return again.status === 401;
    });
    expect((await shop.stop()).exitCode).toBe(0);
  });

  test("is not ready before it has read the provider's keys", async () => {
    provider.answerWith(() => new Response("", { status: 503 }));
    const shop = await serving(["--json"], { cwd: tempDir(), env });
    const unready = await fetch(`${shop.url}/readyz`);
    expect(unready.status).toBe(503);
    expect(await unready.text()).toContain("public keys");
    const buyer = key.sign(claims("ada", "buy"));
    expect((await call(shop.url, "/v1/orders/x", buyer)).status).toBe(503);
    provider.publish([key.jwk]);
    await untilAsync(async () => (await fetch(`${shop.url}/readyz`)).status === 200);
    expect((await call(shop.url, "/v1/orders/x", buyer)).status).toBe(404);
    await shop.stop();
  });
});

describe("the commands", () => {
  test("that sign tokens say that these are issued elsewhere", async () => {
    const place = { cwd: tempDir(), env };
    const { exitCode, stderr } = await doorbuster(["token", "--sub", "a", "--scope", "buy"], place);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("tokens are issued elsewhere (auth.jwks)");
  });

  test("doctor reads the keys, and says so when it cannot", async () => {
    const place = { cwd: tempDir(), env: { ...env, DOORBUSTER_PORT: "0" } };
    const fine = await doorbuster(["doctor"], place);
    expect(fine.stdout).toMatch(/^ok +public keys +1 read \(ES256 e1\)$/m);
    expect(fine.stdout).toMatch(/^ok +signing secret +none; tokens are issued elsewhere$/m);
    provider.answerWith(() => new Response("", { status: 404 }));
    const failed = await doorbuster(["doctor"], {
      ...place,
      env: { ...place.env, DOORBUSTER_AUTH_AUDIENCE: "null" },
    });
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/^fail +public keys .* answered 404$/m);
    expect(failed.stdout).toMatch(/^warn +audience/m);
  });
});
