// A JWK Set as it is read from a real server or a file: which keys are taken, what keeps the old
// ones, and how often anybody is asked.

import { afterAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseJwks } from "../../src/adapters/jwks/jwks.ts";
import { jwksPublicKeys } from "../../src/adapters/jwks/public-keys.ts";
import { jwksReader } from "../../src/adapters/jwks/read.ts";
import { limits } from "../../src/domain/limits.ts";
import { publicKeysRole } from "../../src/roles/public-keys.ts";
import { virtualClock } from "../support/builders.ts";
import { identityProvider, providerKey } from "../support/identity-provider.ts";
import { tempDir } from "../support/temp-dir.ts";

const rsa = providerKey("RS256", "r");
const ec = providerKey("ES256", "e");
const ed = providerKey("EdDSA", "d");
const provider = identityProvider([rsa.jwk]);
afterAll(() => provider.close());

const setOf = (...keys: readonly unknown[]) => JSON.stringify({ keys });
const kidsOf = (text: string) => parseJwks(text).map(({ algorithm, kid }) => [algorithm, kid]);
const { alg: _, ...rsaWithoutAlgorithm } = rsa.jwk;

describe("a JWK Set", () => {
  test("gives a key of each algorithm", () => {
    const kids = [
      ["RS256", "r"],
      ["ES256", "e"],
      ["EdDSA", "d"],
    ];
    expect(kidsOf(setOf(rsa.jwk, ec.jwk, ed.jwk))).toEqual(kids as never);
  });

  test("gives a key the algorithm of its kind where it names none", () => {
    expect(kidsOf(setOf(rsaWithoutAlgorithm))).toEqual([["RS256", "r"]]);
  });

  const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
  const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
  const useless: readonly (readonly [string, unknown])[] = [
    ["a secret", { kty: "oct", k: "c2VjcmV0", kid: "s", alg: "HS256" }],
    ["a key to encrypt with", { ...rsa.jwk, use: "enc" }],
    ["a key for other operations", { ...rsa.jwk, key_ops: ["encrypt"] }],
    ["a private key", { ...rsa.jwk, d: "AQAB" }],
    ["a key for another algorithm", { ...rsa.jwk, alg: "RS512" }],
    ["an RSA key said to be a secret", { ...rsa.jwk, alg: "HS256" }],
    ["an RSA key of 1024 bits", { ...small.export({ format: "jwk" }), kid: "small" }],
    ["a key on another curve", { ...other.export({ format: "jwk" }), kid: "p384" }],
    ["a point that is not on its curve", { ...ec.jwk, y: ec.jwk.x }],
    ["no key at all", null],
  ];
  test.each(useless)("leaves out %s", (_, key) => {
    expect(kidsOf(setOf(key, ed.jwk))).toEqual([["EdDSA", "d"]]);
    expect(() => parseJwks(setOf(key))).toThrow("no key in the JWK Set can be used: key 0");
  });

  test.each(["", "[]", '{"keys":{}}', "<html>"])("is not %p", (text) => {
    expect(() => parseJwks(text)).toThrow("not a JWK Set");
  });

  test("is read up to a number of keys", () => {
    const many = Array.from({ length: limits.jwksKeysMax + 5 }, (_, at) => ({
      ...ed.jwk,
      kid: `k${at}`,
    }));
    expect(parseJwks(setOf(...many))).toHaveLength(limits.jwksKeysMax);
  });
});

function keysFrom(place: Parameters<typeof jwksReader>[0]) {
  const clock = virtualClock(0);
  const read = jwksReader(place);
  if (read === null) throw new Error("no place");
  return { clock, keys: jwksPublicKeys({ read, clock }) };
}

const published = () => keysFrom({ url: provider.url, file: null, ca: null });

describe("public keys", () => {
  test("were never there until they were read once", async () => {
    const { keys } = published();
    expect(keys.failure()).toBe("the keys were not read yet");
    provider.answerWith(() => new Response("away", { status: 503 }));
    await expect(keys.refresh()).rejects.toThrow("answered 503");
    expect(keys.failure()).toContain("answered 503");
    provider.publish([rsa.jwk]);
    await keys.refresh();
    expect(keys.failure()).toBeNull();
    expect(keys.find("RS256", "r")?.live).toBe(true);
  });

  const troubles: readonly (readonly [string, () => Response])[] = [
    ["is away", () => new Response("", { status: 500 })],
    ["answers something else", () => new Response("<html>")],
    ["publishes no key", () => Response.json({ keys: [] })],
    ["sends the reader elsewhere", () => Response.redirect("http://127.0.0.1:1/jwks.json")],
    ["answers without end", () => new Response("x".repeat(limits.jwksMaxBytes + 1))],
  ];
  test.each(troubles)("stay known while their server %s", async (_, answer) => {
    const { keys } = published();
    provider.publish([rsa.jwk]);
    await keys.refresh();
    provider.answerWith(answer);
    await expect(keys.refresh()).rejects.toThrow();
    expect([keys.find("RS256", "r")?.live, keys.failure()]).toEqual([true, null]);
  });

  test("that are withdrawn are no good any more, and those that stay are the same", async () => {
    const { keys } = published();
    provider.publish([rsa.jwk, ec.jwk]);
    await keys.refresh();
    const [old, kept] = [keys.find("RS256", "r"), keys.find("ES256", "e")];
    provider.publish([ec.jwk, ed.jwk]);
    await keys.refresh();
    expect([old?.live, kept?.live]).toEqual([false, true]);
    expect(keys.find("ES256", "e")).toBe(kept);
    expect([keys.find("RS256", "r"), keys.find("EdDSA", "d")?.live]).toEqual([null, true]);
  });

  test("under a name that is used again are others", async () => {
    const { keys } = published();
    const again = providerKey("RS256", "r");
    provider.publish([rsa.jwk]);
    await keys.refresh();
    const old = keys.find("RS256", "r");
    provider.publish([again.jwk]);
    await keys.refresh();
    expect([old?.live, keys.find("RS256", "r")?.live]).toEqual([false, true]);
  });

  test("are found without a name only if there is one of that algorithm", async () => {
    const { keys } = published();
    provider.publish([rsa.jwk, ec.jwk, { ...ec.jwk, kid: "e2" }]);
    await keys.refresh();
    expect(keys.find("RS256", undefined)?.live).toBe(true);
    expect(keys.find("ES256", undefined)).toBeNull();
    expect(keys.find("ES256", "r")).toBeNull();
  });

  test("are asked for again once at a time, and not again for a while", async () => {
    const { keys, clock } = published();
    provider.publish([rsa.jwk]);
    await keys.refresh();
    const before = provider.asked();
    expect(keys.lookAgain()).toBeNull();
    clock.advance(limits.jwksRefetchMs);
    await Promise.all(Array.from({ length: 50 }, () => keys.lookAgain()));
    expect(provider.asked()).toBe(before + 1);
    expect(keys.lookAgain()).toBeNull();
  });

  test("that cannot be asked for again disappoint nobody who waits", async () => {
    const { keys } = published();
    provider.answerWith(() => new Response("", { status: 500 }));
    await keys.lookAgain();
    expect(keys.failure()).toContain("answered 500");
  });

  test("come from a file as well, and from a changed one", async () => {
    const file = join(tempDir({ "jwks.json": setOf(rsa.jwk) }), "jwks.json");
    const { keys } = keysFrom({ url: null, file, ca: null });
    await keys.refresh();
    expect(keys.find("RS256", "r")?.live).toBe(true);
    writeFileSync(file, setOf(ed.jwk));
    await keys.refresh();
    expect([keys.find("RS256", "r"), keys.find("EdDSA", "d")?.live]).toEqual([null, true]);
  });

  test("are read at the start and again at their pace, sooner after a failure", async () => {
    const clock = virtualClock(0);
    let [asked, fails] = [0, true];
    const refresh = async () => {
      asked += 1;
      if (fails) throw new Error("away");
    };
    const logger = { info: () => {}, warn: () => {}, error: () => {} };
    const role = publicKeysRole({ publicKeys: { refresh }, refreshMs: 60_000, clock, logger });
    const later = async (ms: number) => {
      const before = asked;
      clock.advance(ms);
      for (let n = 0; n < 20; n += 1) await Promise.resolve();
      return asked - before;
    };
    await role.start();
    fails = false;
    expect(await later(limits.jwksRetryMs)).toBe(1);
    expect(await later(limits.jwksRetryMs)).toBe(0);
    for (let n = 0; n < 4; n += 1) expect(await later(limits.jwksRetryMs)).toBe(0);
    expect(await later(limits.jwksRetryMs)).toBe(1);
    await role.stop();
  });
});
