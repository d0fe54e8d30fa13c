// Who may call what, and which tokens are believed. What our own verifier accepts is compared with
// fast-jwt's.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { createSigner, createVerifier } from "fast-jwt";
import { tokenVerifier } from "../../src/http/token.ts";
import { signJwt } from "../../src/lib/sign-jwt.ts";
import {
  audience,
  firstKey,
  type HttpEngine,
  httpEngine,
  issuer,
  newSale,
  plainAuth,
  secondKey,
} from "../support/http-engine.ts";

const now = Date.parse("2027-01-31T12:00:00Z") / 1000;
const good = { iss: issuer, aud: audience, sub: "ada", scope: "buy", iat: now, exp: now + 60 };

let engine: HttpEngine;
beforeAll(async () => {
  engine = await httpEngine();
});
afterAll(() => engine.close());

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token with any header, signed as HS256 whatever the header says. */
function signedAs(header: object, claims: object, secret = firstKey.secret): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${new Bun.CryptoHasher("sha256", secret).update(input).digest("base64url")}`;
}

const hs256 = { alg: "HS256", typ: "JWT", kid: "first" };
const valid = signJwt(firstKey, good);
const [header = "", payload = "", signature = ""] = valid.split(".");
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rs256 = createSigner({
  algorithm: "RS256",
  key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
});

const without = (claim: keyof typeof good) => {
  const { [claim]: _, ...rest } = good;
  return signJwt(firstKey, rest);
};

const refused: readonly (readonly [string, string, string])[] = [
  ["three words", "not.a.token", "signed with HS256"],
  ["two segments", `${header}.${payload}`, "not a JWT"],
  ["an empty signature", `${header}.${payload}.`, "signature"],
  ["another signature", `${header}.${payload}.${"A".repeat(43)}`, "signature"],
  ["a padded signature", `${valid}=`, "signature"],
  ["another payload", `${header}.${encode({ ...good, sub: "eve" })}.${signature}`, "signature"],
  ["another secret", signedAs(hs256, good, "a guess"), "signature"],
  ["no algorithm", `${encode({ alg: "none", kid: "first" })}.${payload}.`, "HS256"],
  ["the algorithm none, signed", signedAs({ ...hs256, alg: "none" }, good), "HS256"],
  ["the algorithm nOnE", signedAs({ ...hs256, alg: "nOnE" }, good), "HS256"],
  ["the algorithm HS512", signedAs({ ...hs256, alg: "HS512" }, good), "HS256"],
  ["an RSA signature", rs256(good), "HS256"],
  ["an extension it calls critical", signedAs({ ...hs256, crit: ["exp"] }, good), "HS256"],
  ["another type", signedAs({ ...hs256, typ: "JWE" }, good), "HS256"],
  ["a header that is a list", `${encode([hs256])}.${payload}.${signature}`, "HS256"],
  ["an unknown kid", signJwt({ ...firstKey, kid: "third" }, good), "kid"],
  ["the kid of another key", signJwt({ ...firstKey, kid: "second" }, good), "signature"],
  ["another issuer", signJwt(firstKey, { ...good, iss: "somebody" }), "iss"],
  ["another audience", signJwt(firstKey, { ...good, aud: "elsewhere" }), "aud"],
  ["an audience list without us", signJwt(firstKey, { ...good, aud: ["elsewhere"] }), "aud"],
  ["no expiry", without("exp"), "exp"],
  ["an expiry in words", signJwt(firstKey, { ...good, exp: "tomorrow" }), "exp"],
  ["an expiry in the past", signJwt(firstKey, { ...good, exp: now - 1 }), "expired"],
  ["an expiry right now", signJwt(firstKey, { ...good, exp: now }), "expired"],
  ["a start in the future", signJwt(firstKey, { ...good, nbf: now + 5 }), "not valid yet"],
  ["no subject", without("sub"), "sub"],
  ["an empty subject", signJwt(firstKey, { ...good, sub: "" }), "sub"],
  ["a subject with a space", signJwt(firstKey, { ...good, sub: "a b" }), "sub"],
  ["a subject with a control character", signJwt(firstKey, { ...good, sub: "a\n" }), "sub"],
  ["a subject of 129 characters", signJwt(firstKey, { ...good, sub: "a".repeat(129) }), "sub"],
  ["a subject that is a number", signJwt(firstKey, { ...good, sub: 7 }), "sub"],
  ["no scope", without("scope"), "scope"],
  ["claims that are a list", signedAs(hs256, []), "iss, aud, exp"],
];

describe("a token", () => {
  test.each(refused)("with %s is refused with 401", async (_, token, reason) => {
    const answer = await engine.call("GET", "/v1/orders/x", { token });
    expect(answer.status).toBe(401);
    expect(answer.json.type).toBe("/problems/unauthenticated");
    expect(answer.json.detail).toContain(reason);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
  });

  const accepted: readonly (readonly [string, string])[] = [
    ["signed by the first key", valid],
    ["signed by the second key", signJwt(secondKey, good)],
    ["without a kid, by the first key", signedAs({ alg: "HS256" }, good)],
    ["of type at+jwt", signedAs({ ...hs256, typ: "at+jwt" }, good)],
    ["for several audiences", signJwt(firstKey, { ...good, aud: ["elsewhere", audience] })],
    ["that started a moment ago", signJwt(firstKey, { ...good, nbf: now })],
    ["with a subject of 128 characters", signJwt(firstKey, { ...good, sub: "a".repeat(128) })],
  ];
  test.each(accepted)("%s is accepted", async (_, token) => {
    const answer = await engine.call("GET", "/v1/orders/x", { token });
    expect(answer.json.type).toBe("/problems/order-not-found");
  });

  test.each([undefined, "Basic YTpi", "Bearer", "Token x"])(
    "is asked for when the header says %p",
    async (authorization) => {
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const answer = await engine.call("GET", "/v1/orders/x", { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="doorbuster"');
    },
  );

  test("is believed only while it lives, however often it was seen", async () => {
    const own = await httpEngine();
    const token = signJwt(firstKey, good);
    const read = () => own.call("GET", "/v1/orders/x", { token });
    expect((await read()).status).toBe(404);
    own.advance(59_999);
    expect((await read()).status).toBe(404);
    own.advance(1);
    expect((await read()).status).toBe(401);
    await own.close();
  });
});

describe("our verifier", () => {
  const ours = tokenVerifier({ ...plainAuth, keys: [firstKey] }, null);
  const theirs = createVerifier({
    key: firstKey.secret,
    algorithms: ["HS256"],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ["iss", "aud", "exp"],
    clockTimestamp: now * 1000,
    cache: false,
  });
  const accepts = (token: string) => {
    try {
      return theirs(token) !== undefined;
    } catch {
      return false;
    }
  };

  test("accepts no token that fast-jwt refuses", () => {
    const tokens = [valid, ...refused.map(([, token]) => token)];
    const onlyOurs = tokens.filter((token) => ours(token, now * 1000).ok && !accepts(token));
    expect(onlyOurs).toEqual([]);
    expect(ours(valid, now * 1000).ok).toBe(true);
  });

  test("refuses a token in which any one character was changed", () => {
    for (let at = 0; at < valid.length; at += 1) {
      const changed = valid[at] === "A" ? "B" : "A";
      const forged = valid.slice(0, at) + changed + valid.slice(at + 1);
      expect(ours(forged, now * 1000).ok).toBe(false);
    }
  });
});

describe("a scope", () => {
  const body = newSale();
  const adminCalls: readonly (readonly [string, string, unknown])[] = [
    ["POST", "/v1/sales", body],
    ["PATCH", "/v1/sales/s1", { name: "x" }],
    ["POST", "/v1/sales/s1/open", undefined],
    ["POST", "/v1/sales/s1/pause", undefined],
    ["POST", "/v1/sales/s1/resume", undefined],
    ["POST", "/v1/sales/s1/close", undefined],
    ["POST", "/v1/sales/s1/stock", { add: 1 }],
    ["GET", "/v1/sales/s1/audit", undefined],
  ];
  test.each(adminCalls)("buy may not %s %s", async (method, path, body) => {
    const answer = await engine.call(method, path, { token: engine.buyer("ada"), body });
    expect(answer.status).toBe(403);
    expect(answer.json.type).toBe("/problems/forbidden");
    expect(answer.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
  });

  test.each(adminCalls)("is asked for before anything else of %s %s", async (method, path) => {
    const answer = await engine.call(method, path, { body: "not JSON" });
    expect(answer.status).toBe(401);
  });

  test("admin may not buy", async () => {
    const answer = await engine.call("POST", "/v1/sales/s1/orders", { token: engine.admin });
    expect(answer.status).toBe(403);
  });

  test("may be both at once", async () => {
    const token = signJwt(firstKey, { ...good, scope: "buy admin" });
    expect((await engine.call("POST", "/v1/sales", { token, body })).status).toBe(201);
    const bought = await engine.call("POST", "/v1/sales/s1/orders", { token, body: {} });
    expect(bought.json.type).toBe("/problems/invalid-request");
  });

  test("is a whole word", async () => {
    const token = signJwt(firstKey, { ...good, scope: "administrator buyer" });
    expect((await engine.call("POST", "/v1/sales", { token, body })).status).toBe(403);
  });
});

describe("development tokens", () => {
  test("are given to anyone who asks, and work", async () => {
    const body = { sub: "ada", scope: "admin" };
    const answer = await engine.call("POST", "/v1/dev/tokens", { body });
    expect(answer.status).toBe(201);
    expect(answer.json.expiresAt).toBe("2027-01-31T12:01:00.000Z");
    const { token } = answer.json;
    expect((await engine.call("POST", "/v1/sales", { token, body: newSale() })).status).toBe(201);
  });

  test.each([{ sub: "", scope: "buy" }, { sub: "a", scope: "root" }, { sub: "a" }])(
    "are refused for %p",
    async (body) => {
      expect((await engine.call("POST", "/v1/dev/tokens", { body })).status).toBe(400);
    },
  );

  test("are no address at all where they are off", async () => {
    const own = await httpEngine({ auth: { ...engine.deps.auth, devTokens: false } });
    const answer = await own.call("POST", "/v1/dev/tokens", { body: { sub: "a", scope: "buy" } });
    expect(answer.json.type).toBe("/problems/not-found");
    expect((await own.call("GET", "/openapi.json")).text).not.toContain("/v1/dev/tokens");
    await own.close();
  });
});
