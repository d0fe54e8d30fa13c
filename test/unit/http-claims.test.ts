// What claims mean is the configuration's to say: other shops write roles, groups and numbers of
// customers where we write scopes and subjects.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { z } from "zod";
import { ownClaims } from "../../src/config/token-claims.ts";
import { type ClaimsConfig, readClaims } from "../../src/http/claims.ts";
import { audience, httpEngine, issuer, newSale, plainAuth } from "../support/http-engine.ts";

const nowMs = 1_000_000;
const exp = 2_000;
const base = { iss: issuer, aud: audience, sub: "ada", exp };
type Mapping = ClaimsConfig["claims"];

function rights(claims: Mapping, payload: Readonly<Record<string, unknown>>) {
  const read = readClaims({ ...plainAuth, claims }, { ...base, ...payload }, nowMs);
  return read.ok ? [read.value.buyerId, read.value.buy, read.value.admin] : read.error;
}

const roles: Mapping = {
  buyerId: "customer_id",
  buy: { claim: "/realm_access/roles", value: "customer" },
  admin: { claim: "https://shop.example/groups", value: "sale-managers" },
};
const anybody: Mapping = { ...plainAuth.claims, buy: { claim: "scope", value: null } };

describe("claims of another shop", () => {
  const customer = { customer_id: "c-17", realm_access: { roles: ["customer", "other"] } };
  const manager = { ...customer, "https://shop.example/groups": ["sale-managers"] };
  test.each<[string, Mapping, Record<string, unknown>, unknown]>([
    ["a customer", roles, customer, ["c-17", true, false]],
    ["a manager", roles, manager, ["c-17", true, true]],
    [
      "somebody without the role",
      roles,
      { ...customer, realm_access: { roles: ["guest"] } },
      ["c-17", false, false],
    ],
    [
      "a manager who is no customer",
      roles,
      { customer_id: "m-1", "https://shop.example/groups": ["sale-managers"] },
      ["m-1", false, true],
    ],
    ["a token without roles", roles, { customer_id: "c-17" }, "bad-claims"],
    ["roles that are a number", roles, { ...customer, realm_access: { roles: 7 } }, "bad-claims"],
    ["a token without the customer", roles, { realm_access: customer.realm_access }, "bad-claims"],
    ["what every object has", { ...roles, buyerId: "/constructor/name" }, customer, "bad-claims"],
    ["a path through a text", { ...roles, buyerId: "/sub/length" }, customer, "bad-claims"],
    ["anybody with a token", anybody, {}, ["ada", true, false]],
    ["an administrator among them", anybody, { scope: "x admin" }, ["ada", true, true]],
    ["a word inside another", plainAuth.claims, { scope: "buyer" }, ["ada", false, false]],
  ])("are read as configured: %s", (_, claims, payload, expected) => {
    expect(rights(claims, payload)).toEqual(expected as never);
  });

  test.each(["buy", "admin"] as const)("are written so that they are read back: %s", (scope) => {
    for (const claims of [plainAuth.claims, roles, anybody]) {
      const auth = { ...plainAuth, claims };
      const written = ownClaims(auth, { sub: "c-1", scope }, { iat: 1, exp });
      const read = readClaims(auth, written, nowMs);
      expect(read.ok && read.value[scope]).toBe(true);
      expect(read.ok && read.value.buyerId).toBe("c-1");
    }
  });
});

describe("issuer and audience", () => {
  const free = { ...plainAuth, issuer: null, audience: null };
  test("are not looked at where the configuration says so", () => {
    expect(readClaims(free, { sub: "ada", scope: "buy", exp }, nowMs).ok).toBe(true);
    expect(readClaims(free, { ...base, iss: "x", aud: ["y"], scope: "buy" }, nowMs).ok).toBe(true);
    expect(ownClaims(free, { sub: "a", scope: "buy" }, { iat: 1, exp })).toEqual({
      ...{ sub: "a", scope: "buy", iat: 1, exp },
    });
  });

  test("are missing in a token that names none", () => {
    const { iss: _, ...noIssuer } = { ...base, scope: "buy" };
    const { aud: __, ...noAudience } = { ...base, scope: "buy" };
    for (const payload of [noIssuer, noAudience]) {
      expect(readClaims(plainAuth, payload, nowMs)).toEqual({ ok: false, error: "bad-claims" });
    }
  });
});

test("the registered claims are believed where a schema would believe them", () => {
  const schema = z.looseObject({
    iss: z.string().optional(),
    aud: z.union([z.string(), z.array(z.string())]).optional(),
    exp: z.number(),
    nbf: z.number().optional(),
  });
  const free = { ...plainAuth, issuer: null, audience: null, leewaySeconds: 1e12 };
  const text = fc.oneof(fc.string(), fc.array(fc.string()), fc.jsonValue());
  const time = fc.oneof(fc.double(), fc.constantFrom(Infinity, "9", 1e15), fc.integer());
  const claims = fc.record({ iss: text, aud: text, exp: time, nbf: time }, { requiredKeys: [] });
  const property = fc.property(fc.oneof(claims, fc.jsonValue()), (payload) => {
    const read = readClaims(free, withBearer(payload), nowMs);
    const bad = !read.ok && read.error === "bad-claims";
    expect(bad).toBe(!schema.safeParse(withBearer(payload)).success);
  });
  fc.assert(property, { numRuns: 5_000 });
});

/** What else a token must say, where something can be said at all. */
function withBearer(payload: unknown): unknown {
  const object = typeof payload === "object" && payload !== null && !Array.isArray(payload);
  return object ? { ...payload, sub: "ada", scope: "buy" } : payload;
}

test("development tokens carry the claims that the configuration asks for", async () => {
  const plain = await httpEngine();
  const own = await httpEngine({ auth: { ...plain.deps.auth, claims: roles } });
  const body = { sub: "ada", scope: "admin" };
  const { token } = (await own.call("POST", "/v1/dev/tokens", { body })).json;
  expect((await own.call("POST", "/v1/sales", { token, body: newSale() })).status).toBe(201);
  expect((await plain.call("POST", "/v1/sales", { token, body: newSale() })).status).toBe(401);
  await Promise.all([plain.close(), own.close()]);
});
