/** Bearer tokens: JWTs signed with HS256 (RFC 7515, RFC 7519). Verified here rather than by a
 *  library, because the first request of every buyer brings a token not seen before, and this
 *  takes a quarter of the time. The algorithm is not read from the token: what is not HS256
 *  under a key we know is refused before anything is computed. */
import { z } from "zod";
import type { AuthConfig } from "../config/validate.ts";
import { err, ok, type Result } from "../lib/result.ts";

export interface Claims {
  readonly sub: string;
  /** Space-separated. */
  readonly scope: string;
  /** Seconds since 1970. */
  readonly exp: number;
}

export type TokenFault =
  | "malformed"
  | "unsupported"
  | "unknown-key"
  | "bad-signature"
  | "wrong-issuer"
  | "wrong-audience"
  | "bad-claims"
  | "expired"
  | "not-yet-valid";

export type TokenVerifier = (token: string, nowMs: number) => Result<Claims, TokenFault>;

export function tokenVerifier(
  auth: Pick<AuthConfig, "keys" | "issuer" | "audience">,
): TokenVerifier {
  const keyFor = keyFinder(auth.keys);
  return (token, nowMs) => {
    const parts = split(token);
    if (parts === null) return err("malformed");
    const key = keyFor(parts.header);
    if (!key.ok) return key;
    if (!signatureMatches(key.value, parts)) return err("bad-signature");
    return checkClaims(auth, parts.payload, nowMs);
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

/** Compares the texts, so that a token has one signature and not several spellings of it. */
function signatureMatches(key: Bun.CryptoHasher, { input, signature }: TokenParts): boolean {
  return sameText(key.copy().update(input).digest("base64url"), signature);
}

/** Takes as long for texts that differ early as for those that differ late. */
function sameText(expected: string, given: string): boolean {
  if (expected.length !== given.length) return false;
  let difference = 0;
  for (let at = 0; at < expected.length; at += 1) {
    difference |= expected.charCodeAt(at) ^ given.charCodeAt(at);
  }
  return difference === 0;
}

/** Finds the key that a header names. Few different headers are in use, so the good ones are
 *  remembered as text. */
function keyFinder(keys: AuthConfig["keys"]) {
  const hashers = new Map(keys.map(({ kid, secret }) => [kid, hasherOf(secret)]));
  const remembered = new Map<string, Bun.CryptoHasher>();
  return (header: string): Result<Bun.CryptoHasher, TokenFault> => {
    const known = remembered.get(header);
    if (known !== undefined) return ok(known);
    const parsed = headerSchema.safeParse(jsonOf(header));
    if (!parsed.success) return err("unsupported");
    const key = hashers.get(parsed.data.kid ?? keys[0].kid);
    if (key === undefined) return err("unknown-key");
    if (remembered.size < rememberedHeadersMax) remembered.set(header, key);
    return ok(key);
  };
}

const rememberedHeadersMax = 64;

function hasherOf(secret: string): Bun.CryptoHasher {
  return new Bun.CryptoHasher("sha256", secret);
}

/** `crit` is refused, because it asks for extensions that we don't know. */
const headerSchema = z.object({
  alg: z.literal("HS256"),
  kid: z.string().optional(),
  typ: z
    .string()
    .regex(/^(application\/)?(at\+)?jwt$/i)
    .optional(),
  crit: z.undefined().optional(),
});

const claimsSchema = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  sub: z.string(),
  scope: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
});

function checkClaims(
  auth: Pick<AuthConfig, "issuer" | "audience">,
  payload: string,
  nowMs: number,
): Result<Claims, TokenFault> {
  const parsed = claimsSchema.safeParse(jsonOf(payload));
  if (!parsed.success) return err("bad-claims");
  const { iss, aud, exp, nbf } = parsed.data;
  if (iss !== auth.issuer) return err("wrong-issuer");
  if (aud !== auth.audience && !(Array.isArray(aud) && aud.includes(auth.audience))) {
    return err("wrong-audience");
  }
  if (nowMs >= exp * 1000) return err("expired");
  if (nbf !== undefined && nowMs < nbf * 1000) return err("not-yet-valid");
  return ok(parsed.data);
}

/** The JSON in a segment; undefined if there is none. */
function jsonOf(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, "base64url").toString());
  } catch {
    return undefined;
  }
}
