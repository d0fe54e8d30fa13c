// The settings of who is believed, and where administrators are served: what goes together, and
// what is refused because anybody could sign.

import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../src/config/load.ts";
import { clientPem } from "../support/pem-samples.ts";
import { tempDir } from "../support/temp-dir.ts";

type Env = Readonly<Record<string, string>>;
const secret = "a-secret-of-more-than-32-bytes-aaaaaaaa";
const url = "https://id.shop.example/jwks.json";

async function problemsOf(env: Env): Promise<string[]> {
  const loaded = await loadConfig({ cwd: tempDir(), env: prefixed(env) });
  return loaded.ok ? [] : loaded.error.map(({ field, message }) => `${field} ${message}`);
}

async function configOf(env: Env) {
  const loaded = await loadConfig({ cwd: tempDir(), env: prefixed(env) });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config;
}

function prefixed(env: Env): Env {
  return Object.fromEntries(
    Object.entries(env).map(([name, text]) => [`DOORBUSTER_${name}`, text]),
  );
}

const wrong: readonly (readonly [string, Env, string])[] = [
  ["a URL that is not encrypted", { AUTH_JWKS_URL: "http://id.example/j" }, "begin with https://"],
  ["a URL and a file", { AUTH_JWKS_URL: url, AUTH_JWKS_FILE: "jwks.json" }, "are both set"],
  [
    "a URL with a password",
    { AUTH_JWKS_URL: "https://me:secret@id.example/jwks" },
    "auth.jwks.url must be",
  ],
  [
    "development tokens without a key of our own",
    { AUTH_JWKS_URL: url, AUTH_DEV_TOKENS: "true" },
    "auth.devTokens needs a key to sign with",
  ],
  ["an origin with a path", { CORS_ORIGINS: "https://shop.example/" }, "cors.origins"],
  ["one port for two", { ADMIN_PORT: "7070" }, "admin.port is the main port, too"],
  ["one port for two", { ADMIN_PORT: "9", METRICS_PORT: "9" }, "admin.port is metrics.port, too"],
  [
    "administrators beyond loopback with the public secret",
    { ADMIN_PORT: "7071", ADMIN_HOST: "0.0.0.0" },
    "host 0.0.0.0 is not loopback",
  ],
  [
    "development tokens for administrators beyond loopback",
    { ADMIN_PORT: "7071", ADMIN_HOST: "0.0.0.0", AUTH_SECRET: secret, AUTH_DEV_TOKENS: "true" },
    "auth.devTokens would hand an admin's token to anyone who reaches 0.0.0.0",
  ],
  ["a claim that would break a header", { AUTH_CLAIMS_BUYER_ID: 'a"b' }, "auth.claims.buyerId"],
];

describe("the configuration refuses", () => {
  test.each(wrong)("%s", async (_, env, message) => {
    const problems = await problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  test("authorities for a way that is not encrypted", async () => {
    const ca = clientPem.cert;
    const problems = await problemsOf({ AUTH_JWKS_FILE: "jwks.json", AUTH_JWKS_CA: ca });
    expect(problems[0]).toContain("auth.jwks.ca is of no use");
    expect(await problemsOf({ AUTH_JWKS_URL: url, AUTH_JWKS_CA: ca })).toEqual([]);
  });
});

describe("with an identity provider", () => {
  test("there is no secret that everybody knows, nor a token for anyone", async () => {
    const { auth } = await configOf({ AUTH_JWKS_URL: url, HOST: "0.0.0.0" });
    expect([auth.keys, auth.devTokens]).toEqual([[], false]);
    expect((await configOf({ AUTH_JWKS_URL: url })).auth.devTokens).toBe(false);
  });

  test("secrets of our own are good, too", async () => {
    const { auth } = await configOf({ AUTH_JWKS_FILE: "jwks.json", AUTH_SECRET: secret });
    expect(auth.keys).toEqual([{ kid: "default", secret }]);
  });

  test.each(["http://127.0.0.1:8080/jwks", "http://[::1]/jwks", "http://localhost/jwks"])(
    "it may be asked in the clear on this machine (%s)",
    async (local) => {
      expect((await configOf({ AUTH_JWKS_URL: local })).auth.jwks.url).toBe(local);
    },
  );

  test("claims are mapped by the environment, too", async () => {
    const { auth } = await configOf({
      AUTH_JWKS_URL: url,
      AUTH_ISSUER: "null",
      AUTH_CLAIMS_BUY_VALUE: "null",
      AUTH_CLAIMS_ADMIN_CLAIM: "/realm_access/roles",
    });
    expect(auth.issuer).toBeNull();
    expect(auth.claims.buy.value).toBeNull();
    expect(auth.claims.admin).toEqual({ claim: "/realm_access/roles", value: "admin" });
  });
});

test("a port for administrators on loopback leaves development as it was", async () => {
  const { auth, admin } = await configOf({ ADMIN_PORT: "7071" });
  expect([auth.devTokens, admin]).toEqual([true, { port: 7071, host: "127.0.0.1" }]);
});
