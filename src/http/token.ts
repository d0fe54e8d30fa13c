/** Bearer tokens: JWTs (RFC 7515, RFC 7519), signed with HS256 by a key of ours, or with RS256,
 *  ES256 or EdDSA by a published one. Verified here rather than by a library, because the first
 *  request of every buyer brings a token not seen before, and this takes a quarter of the time.
 *  What a header says only chooses among keys; each key knows its algorithm. */
import { z } from "zod";
import type { AuthConfig } from "../config/validate.ts";
import { recent } from "../lib/recent.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { type PublicKeys, publicKeyAlgorithms } from "../ports/public-keys.ts";
import { type Claims, type ClaimsConfig, type ClaimsFault, readClaims } from "./claims.ts";

export type TokenFault =
  | "malformed"
  | "unsupported"
  | "unknown-key"
  /** Nobody is known to publish it, yet. */
  | "unknown-public-key"
  | "bad-signature"
  | ClaimsFault;

/** What a token says, and the key that vouches for it. */
export interface Verified {
  readonly claims: Claims;
  readonly key: TokenKey;
}

export interface TokenKey {
  /** False once nothing that it vouched for is to be believed any more. */
  readonly live: boolean;
  /** Whether to verify a token again takes less than to remember it. */
  readonly cheap?: true;
  verifies(input: string, signature: string): boolean;
}

export type TokenVerifier = (token: string, nowMs: number) => Result<Verified, TokenFault>;

/** `publicKeys` is null where nobody's are believed. */
export function tokenVerifier(
  auth: Pick<AuthConfig, "keys"> & ClaimsConfig,
  publicKeys: Pick<PublicKeys, "find"> | null,
): TokenVerifier {
  const keyFor = keyFinder(auth.keys, publicKeys);
  return (token, nowMs) => {
    const parts = split(token);
    if (parts === null) return err("malformed");
    const found = keyFor(parts.header);
    if (!found.ok) return found;
    const key = found.value;
    if (!key.verifies(parts.input, parts.signature)) return err("bad-signature");
    const claims = readClaims(auth, jsonOf(parts.payload), nowMs);
    return claims.ok ? ok({ claims: claims.value, key }) : claims;
  };
}

interface TokenParts {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  /** What was signed. */
  readonly input: string;
}

/** What the segments hold is not looked at before the signature over them is known to be good. */
function split(token: string): TokenParts | null {
  const first = token.indexOf(".");
  const last = token.lastIndexOf(".");
  if (first <= 0 || last === first) return null;
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, last),
    signature: token.slice(last + 1),
    input: token.slice(0, last),
  };
}

/** Finds the key that a header names. Few different headers are in use, so the good ones are
 *  remembered as text, as long as their keys are good. */
function keyFinder(secrets: AuthConfig["keys"], publicKeys: Pick<PublicKeys, "find"> | null) {
  const own = new Map(secrets.map(({ kid, secret }) => [kid, ownKey(secret)]));
  const remembered = recent<string, TokenKey>(rememberedHeadersMax);

  function keyOf(header: string): Result<TokenKey, TokenFault> {
    const parsed = headerSchema.safeParse(jsonOf(header));
    if (!parsed.success) return err("unsupported");
    const { alg, kid } = parsed.data;
    if (alg === "HS256") {
      const key = own.get(kid ?? secrets[0]?.kid ?? "");
      if (key !== undefined) return ok(key);
      return err(own.size === 0 ? "unsupported" : "unknown-key");
    }
    if (publicKeys === null) return err("unsupported");
    const key = publicKeys.find(alg, kid);
    return key === null ? err("unknown-public-key") : ok(key);
  }

  return (header: string): Result<TokenKey, TokenFault> => {
    const known = remembered.get(header);
    if (known?.live) return ok(known);
    const key = keyOf(header);
    if (key.ok) remembered.set(header, key.value);
    return key;
  };
}

const rememberedHeadersMax = 64;

function ownKey(secret: string): TokenKey {
  const hasher = new Bun.CryptoHasher("sha256", secret);
  const verifies = (input: string, signature: string) =>
    sameText(hasher.copy().update(input).digest("base64url"), signature);
  return { live: true, cheap: true, verifies };
}

/** Compares texts, so that a token has one signature and not several spellings of it. Takes as
 *  long for texts that differ early as for those that differ late. */
function sameText(expected: string, given: string): boolean {
  if (expected.length !== given.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at += 1) {
    difference |= expected.charCodeAt(at) ^ given.charCodeAt(at);
  }
  return difference === 0;
}

/** `crit` is refused, because it asks for extensions that we don't know. */
const headerSchema = z.object({
  alg: z.enum(["HS256", ...publicKeyAlgorithms]),
  kid: z.string().optional(),
  typ: z
    .string()
    .regex(/^(application\/)?(at\+)?jwt$/i)
    .optional(),
  crit: z.undefined().optional(),
});

/** The JSON in a segment; undefined if there is none. */
function jsonOf(segment: string): unknown {
  try {
    return JSON.parse(decoded(segment));
  } catch {
    return undefined;
  }
}

/** Through one buffer: a buffer for each token is memory of which the collector hears late. */
function decoded(segment: string): string {
  if (segment.length > scratch.length) return Buffer.from(segment, "base64url").toString();
  return scratch.toString("utf8", 0, scratch.write(segment, 0, "base64url"));
}

const scratch = Buffer.alloc(4_096);
