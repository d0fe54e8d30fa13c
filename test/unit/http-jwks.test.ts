// Tokens that a shop's identity provider signed, at an API that reads its keys from a real server:
// what is believed, what an attacker tries, and what a rotation ends.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createVerifier } from "fast-jwt";
import { jwksPublicKeys } from "../../src/adapters/jwks/public-keys.ts";
import { jwksReader } from "../../src/adapters/jwks/read.ts";
import { limits } from "../../src/domain/limits.ts";
import { tokenVerifier } from "../../src/http/token.ts";
import { present } from "../../src/lib/assert.ts";
import { signJwt } from "../../src/lib/sign-jwt.ts";
import type { PublicKeys } from "../../src/ports/public-keys.ts";
import {
  audience,
  firstKey,
  type HttpEngine,
  httpEngine,
  plainAuth,
} from "../support/http-engine.ts";
import { buyerClaims, identityProvider, providerKey } from "../support/identity-provider.ts";

const keys = [
  providerKey("RS256", "r"),
  providerKey("ES256", "e"),
  providerKey("EdDSA", "d"),
] as const;
const [rsa, ec, ed] = keys;
const jwks = keys.map(({ jwk }) => jwk);
const provider = identityProvider(jwks);
const now = Date.parse("2027-01-31T12:00:00Z");
const claims = buyerClaims("ada", now);
const auth = {
  ...plainAuth,
  jwks: { ...plainAuth.jwks, url: provider.url },
  keys: [firstKey],
  devTokens: false,
  tokenTtlSeconds: 60,
};

let elapsed = 0;
let publicKeys: PublicKeys;
let engine: HttpEngine;
const reader = present(jwksReader({ url: provider.url, file: null, ca: null }), "a URL");
const newKeys = () => jwksPublicKeys({ read: reader, clock: { elapsed: () => elapsed } });
beforeAll(async () => {
  publicKeys = newKeys();
  engine = await httpEngine({ auth, publicKeys });
});
beforeEach(async () => {
  provider.publish(jwks);
  await publicKeys.refresh();
});
afterAll(async () => {
  await engine.close();
  await provider.close();
});

const read = (token: string, at = engine) => at.call("GET", "/v1/orders/x", { token });
const isRefused = async (token: string, why: string, at = engine) => {
  const answer = await read(token, at);
  expect([answer.status, answer.json.type]).toEqual([401, "/problems/unauthenticated"]);
  expect(answer.json.detail).toContain(why);
};
const isTaken = async (token: string, at = engine) =>
  expect((await read(token, at)).json.type).toBe("/problems/order-not-found");

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Signed with HS256 and anything as its secret, under any header. */
function hmac(header: object, secret: string | Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${new Bun.CryptoHasher("sha256", secret).update(input).digest("base64url")}`;
}

describe("a token of the identity provider", () => {
  test.each(keys)("is taken when it is signed with $algorithm", async (key) => {
    await isTaken(key.sign(claims));
  });

  test("buys what it asks for", async () => {
    const sale = await engine.openSale();
    const headers = { "idempotency-key": "k" };
    const token = rsa.sign(buyerClaims("eve", now));
    const bought = { token, headers, body: { quantity: 1 } };
    expect((await engine.call("POST", `/v1/sales/${sale}/orders`, bought)).status).toBe(202);
  });

  test("is taken beside one of our own", async () => {
    await isTaken(signJwt(firstKey, claims));
  });

  const pem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
  const der = rsa.publicKey.export({ type: "spki", format: "der" });
  const body = (token: string) => token.split(".")[1] ?? "";
  const [head, , signature] = ec.sign(claims).split(".");
  const refused: readonly (readonly [string, string, string])[] = [
    ["a public key as the secret of HS256", hmac({ alg: "HS256", kid: "r" }, pem), "kid"],
    ["its bytes as the secret", hmac({ alg: "HS256", kid: "r" }, der), "kid"],
    ["its number as the secret", hmac({ alg: "HS256", kid: "r" }, String(rsa.jwk.n)), "kid"],
    ["HS256 said to be RS256", hmac({ alg: "RS256", kid: "r" }, pem), "signature"],
    ["the kid of a secret for RS256", hmac({ alg: "RS256", kid: "first" }, "x"), "kid"],
    ["an RSA key under ES256", hmac({ alg: "ES256", kid: "r" }, pem), "kid"],
    ["no algorithm", `${encode({ alg: "none", kid: "r" })}.${encode(claims)}.`, "HS256 or RS256"],
    ["an algorithm that we don't take", hmac({ alg: "PS256", kid: "r" }, pem), "HS256 or RS256"],
    ["a key in its header", hmac({ alg: "HS256", jwk: { kty: "oct", k: "eA" } }, "x"), "signature"],
    ["the address of keys", hmac({ alg: "RS256", kid: "z", jku: provider.url }, "x"), "kid"],
    ["no signature", `${head}.${body(ec.sign(claims))}.`, "signature"],
    ["a padded signature", `${ec.sign(claims)}=`, "signature"],
    ["another payload", `${head}.${encode({ ...claims, sub: "eve" })}.${signature}`, "signature"],
    ["an endless signature", `${head}.${encode(claims)}.${"A".repeat(5000)}`, "signature"],
    ["another issuer", ed.sign({ ...claims, iss: "https://elsewhere.example" }), "iss"],
    ["another audience", ed.sign({ ...claims, aud: "another-shop" }), "aud"],
    ["an expiry in the past", ed.sign({ ...claims, iat: 0, exp: now / 1000 - 1 }), "expired"],
  ];
  test.each(refused)("is refused with %s", (_, token, why) => isRefused(token, why));

  test.each(keys)("is refused when any character of it was changed ($algorithm)", (key) => {
    const verify = tokenVerifier(auth, publicKeys);
    const token = key.sign(claims);
    for (let at = 0; at < token.length; at += 1) {
      const forged = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      expect(verify(forged, now).ok).toBe(false);
    }
    expect(verify(token, now).ok).toBe(true);
  });

  test("that is taken is good in fast-jwt's eyes, too", () => {
    const verify = tokenVerifier(auth, publicKeys);
    for (const key of keys) {
      const theirs = createVerifier({
        key: key.publicKey.export({ type: "spki", format: "pem" }).toString(),
        algorithms: [key.algorithm],
        allowedAud: audience,
        clockTimestamp: now,
        cache: false,
      });
      const tokens = [key.sign(claims), ...refused.map(([, token]) => token)];
      const taken = tokens.filter((token) => verify(token, now).ok);
      expect(taken).toEqual([tokens[0] ?? ""]);
      for (const token of taken) expect(theirs(token)).toMatchObject({ sub: "ada" });
    }
  });
});

describe("a rotation", () => {
  const fresh = providerKey("ES256", "fresh");

  test("makes a new key known to the first token that names it", async () => {
    provider.publish([...jwks, fresh.jwk]);
    elapsed += limits.jwksRefetchMs;
    const before = provider.asked();
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, at) => read(fresh.sign(buyerClaims(`b${at}`, now)))),
    );
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 404));
    expect(provider.asked()).toBe(before + 1);
  });

  test("is not asked for more often than it may be", async () => {
    const before = provider.asked();
    for (let n = 0; n < 20; n += 1) {
      await isRefused(hmac({ alg: "RS256", kid: `unknown-${n}` }, "x"), "kid");
    }
    expect(provider.asked()).toBe(before);
    elapsed += limits.jwksRefetchMs;
    for (let n = 0; n < 20; n += 1) {
      await isRefused(hmac({ alg: "RS256", kid: `unknown-${n}` }, "x"), "kid");
    }
    expect(provider.asked()).toBe(before + 1);
  });

  test("ends tokens of a key that is withdrawn, also those that were taken before", async () => {
    const token = rsa.sign(claims);
    await isTaken(token);
    provider.publish([ec.jwk, ed.jwk]);
    await isTaken(token);
    await publicKeys.refresh();
    await isRefused(token, "kid");
    await isTaken(ed.sign(claims));
  });

  test("that cannot be seen ends nothing", async () => {
    const token = rsa.sign(claims);
    await isTaken(token);
    provider.answerWith(() => new Response("", { status: 503 }));
    await publicKeys.refresh().catch(() => undefined);
    await isTaken(token);
    await isTaken(rsa.sign(buyerClaims("bob", now)));
  });

  test("lets a bounded crowd wait for it, and refuses the rest at once", async () => {
    const release = Promise.withResolvers<void>();
    provider.answerWith(() => release.promise.then(() => Response.json({ keys: jwks })));
    elapsed += limits.jwksRefetchMs;
    let answered = 0;
    const unknown = (n: number) => read(hmac({ alg: "RS256", kid: `k${n}` }, "x"));
    const waiting = Array.from({ length: limits.keyWaitersMax + 5 }, async (_, n) => {
      const { status } = await unknown(n);
      answered += 1;
      return status;
    });
    await Bun.sleep(0);
    expect((await unknown(-1)).status).toBe(401);
    expect(answered).toBe(5);
    release.resolve();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([401]));
  });
});

describe("before any keys were read", () => {
  test("the provider's tokens are answered 503, and our own are taken", async () => {
    provider.answerWith(() => new Response("", { status: 503 }));
    const own = await httpEngine({ auth, publicKeys: newKeys() });
    const answer = await read(rsa.sign(claims), own);
    expect([answer.status, answer.json.type]).toEqual([503, "/problems/service-unavailable"]);
    expect(answer.headers.get("retry-after")).toBe("1");
    await isTaken(signJwt(firstKey, claims), own);
    await own.close();
  });
});

describe("a token's life", () => {
  test("ends in the cache when it ends", async () => {
    const own = await httpEngine({ auth, publicKeys });
    const token = ec.sign({ ...claims, exp: now / 1000 + 60 });
    await isTaken(token, own);
    own.advance(59_999);
    await isTaken(token, own);
    own.advance(1);
    await isRefused(token, "expired", own);
    await own.close();
  });

  test("begins a little early where clocks may differ", async () => {
    const token = ec.sign({ ...claims, nbf: now / 1000 + 5 });
    await isRefused(token, "nbf");
    const own = await httpEngine({ auth: { ...auth, leewaySeconds: 5 }, publicKeys });
    await isTaken(token, own);
    await own.close();
  });
});

describe("without keys of our own", () => {
  test("HS256 is refused, and says what is taken", async () => {
    const own = await httpEngine({ auth: { ...auth, keys: [] }, publicKeys });
    await isRefused(signJwt(firstKey, claims), "with RS256 or ES256 or EdDSA", own);
    await isRefused(hmac({ alg: "HS256" }, ""), "with RS256 or ES256 or EdDSA", own);
    await isTaken(ed.sign(claims), own);
    await own.close();
  });
});
