/** A shop's identity provider, as far as we see it: a real HTTP server that publishes keys, changes
 * them, and misbehaves when told to; and tokens that it signed, by a library that is not ours. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createSigner } from "fast-jwt";
import { audience, issuer } from "./http-engine.ts";

export type Algorithm = "RS256" | "ES256" | "EdDSA";

export interface ProviderKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly publicKey: KeyObject;
  /** As it is published. */
  readonly jwk: Readonly<Record<string, unknown>>;
  sign(claims: Readonly<Record<string, unknown>>): string;
}

export function providerKey(algorithm: Algorithm, kid: string): ProviderKey {
  const { publicKey, privateKey } = pairOf(algorithm);
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const signer = createSigner({ algorithm, key: pem, kid });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: algorithm };
  return { kid, algorithm, publicKey, jwk, sign: (claims) => signer({ ...claims }) };
}

function pairOf(algorithm: Algorithm) {
  if (algorithm === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2048 });
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return generateKeyPairSync("ed25519");
}

/** The claims of a buyer at the time of the HTTP engine's clock. */
export function buyerClaims(sub: string, nowMs: number): Record<string, unknown> {
  const iat = Math.floor(nowMs / 1000);
  return { iss: issuer, aud: audience, sub, scope: "buy", iat, exp: iat + 3_600 };
}

type Answerer = () => Response | Promise<Response>;

/** Publishes these keys until it is told otherwise. */
export function identityProvider(keys: readonly Readonly<Record<string, unknown>>[]) {
  let answer: Answerer = () => Response.json({ keys });
  let asked = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => {
      asked += 1;
      return answer();
    },
  });
  const answerWith = (next: Answerer) => {
    answer = next;
  };
  return {
    url: `${server.url.origin}/jwks.json`,
    asked: () => asked,
    answerWith,
    publish: (next: readonly Readonly<Record<string, unknown>>[]) =>
      answerWith(() => Response.json({ keys: next })),
    close: () => server.stop(true),
  };
}
