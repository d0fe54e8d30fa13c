/** Reads a JWK Set (RFC 7517, RFC 7518, RFC 8037). Of its keys those are taken that verify RS256,
 * ES256 or EdDSA; each is bound to its one algorithm here, by what the key is. Others are left
 * out: a set may hold keys for other purposes. */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { z } from "zod";
import { limits } from "../../domain/limits.ts";
import { messageOf } from "../../lib/finding.ts";
import { err, ok, type Result } from "../../lib/result.ts";
import type { PublicKey, PublicKeyAlgorithm } from "../../ports/public-keys.ts";

export interface PublishedKey extends PublicKey {
  /** The same for the same key under the same name. */
  readonly id: string;
  readonly algorithm: PublicKeyAlgorithm;
  readonly kid: string | undefined;
  withdraw(): void;
}

/** Throws if there is no key that could be used: then the old ones are better than none. */
export function parseJwks(text: string): readonly PublishedKey[] {
  const set = setSchema.safeParse(jsonOf(text));
  if (!set.success) throw new Error("what was read is not a JWK Set");
  const read = set.data.keys.slice(0, limits.jwksKeysMax).map(parseJwk);
  const usable = read.flatMap((key) => (key.ok ? [key.value] : []));
  if (usable.length > 0) return usable;
  const reasons = read.flatMap((key) => (key.ok ? [] : [key.error]));
  throw new Error(`no key in the JWK Set can be used: ${reasons.join("; ") || "it is empty"}`);
}

const setSchema = z.object({ keys: z.array(z.unknown()) });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A private key is refused as well: who publishes it lets everybody sign. */
const common = {
  kid: z.string().optional(),
  use: z.literal("sig").optional(),
  key_ops: z
    .array(z.string())
    .refine((operations) => operations.includes("verify"))
    .optional(),
  d: z.undefined().optional(),
};

const jwkSchema = z.discriminatedUnion("kty", [
  z.object({
    ...common,
    kty: z.literal("RSA"),
    alg: z.literal("RS256").optional(),
    ...{ n: z.string(), e: z.string() },
  }),
  z.object({
    ...common,
    kty: z.literal("EC"),
    alg: z.literal("ES256").optional(),
    ...{ crv: z.literal("P-256"), x: z.string(), y: z.string() },
  }),
  z.object({
    ...common,
    kty: z.literal("OKP"),
    alg: z.literal("EdDSA").optional(),
    ...{ crv: z.literal("Ed25519"), x: z.string() },
  }),
]);

type Jwk = z.output<typeof jwkSchema>;

function parseJwk(value: unknown, at: number): Result<PublishedKey, string> {
  const parsed = jwkSchema.safeParse(value);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join(".") || "key").join(", ");
    return err(`key ${at} is not one of ours (${fields})`);
  }
  try {
    return publishedKey(parsed.data, at);
  } catch (reason) {
    return err(`key ${at}: ${messageOf(reason)}`);
  }
}

function publishedKey(jwk: Jwk, at: number): Result<PublishedKey, string> {
  const { material, algorithm, verifier } = of(jwk);
  const key = createPublicKey({ key: material, format: "jwk" });
  const bits = key.asymmetricKeyDetails?.modulusLength ?? rsaBits.min;
  if (bits < rsaBits.min || bits > rsaBits.max) {
    return err(`key ${at} has ${bits} bits; ${rsaBits.min} to ${rsaBits.max} are taken`);
  }
  const matches = verifier(key);
  let live = true;
  return ok({
    id: JSON.stringify([jwk.kid, material]),
    algorithm,
    kid: jwk.kid,
    get live() {
      return live;
    },
    verifies: (input, signature) => {
      const bytes = bytesOf(signature);
      return bytes !== null && matches(Buffer.from(input), bytes);
    },
    withdraw: () => {
      live = false;
    },
  });
}

/** RFC 7518 asks for 2048 at least; the upper bound keeps a verification cheap. */
const rsaBits = { min: 2_048, max: 8_192 };

type Matches = (input: Buffer, signature: Buffer) => boolean;

/** The public numbers alone, and what their kind verifies. */
function of(jwk: Jwk): {
  readonly material: Record<string, string>;
  readonly algorithm: PublicKeyAlgorithm;
  readonly verifier: (key: KeyObject) => Matches;
} {
  switch (jwk.kty) {
    case "RSA": {
      const material = { kty: jwk.kty, n: jwk.n, e: jwk.e };
      return { material, algorithm: "RS256", verifier: hashed("sha256") };
    }
    case "EC": {
      const material = { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y };
      const verifier = (key: KeyObject): Matches => {
        const options = { key, dsaEncoding: "ieee-p1363" } as const;
        return (input, signature) => verify("sha256", input, options, signature);
      };
      return { material, algorithm: "ES256", verifier };
    }
    case "OKP": {
      const material = { kty: jwk.kty, crv: jwk.crv, x: jwk.x };
      return { material, algorithm: "EdDSA", verifier: hashed(null) };
    }
  }
}

function hashed(hash: "sha256" | null) {
  return (key: KeyObject): Matches =>
    (input, signature) =>
      verify(hash, input, key, signature);
}

/** Null unless the text is the one spelling of its bytes. */
function bytesOf(signature: string): Buffer | null {
  if (signature.length > signatureMaxLength) return null;
  const bytes = Buffer.from(signature, "base64url");
  return bytes.toString("base64url") === signature ? bytes : null;
}

const signatureMaxLength = Math.ceil(((rsaBits.max / 8) * 4) / 3);
