/** What a token says whose signature is good: whom it is for, until when, and what he may do. */
import { isGroup } from "../config/layers.ts";
import { claimOf } from "../config/token-claims.ts";
import type { AuthConfig } from "../config/validate.ts";
import { err, ok, type Result } from "../lib/result.ts";

export interface Claims {
  readonly buyerId: string;
  readonly buy: boolean;
  readonly admin: boolean;
  /** Seconds since 1970. */
  readonly exp: number;
}

export type ClaimsFault =
  | "wrong-issuer"
  | "wrong-audience"
  | "bad-claims"
  | "expired"
  | "not-yet-valid";

export type ClaimsConfig = Pick<AuthConfig, "issuer" | "audience" | "claims" | "leewaySeconds">;

export function readClaims(
  auth: ClaimsConfig,
  payload: unknown,
  nowMs: number,
): Result<Claims, ClaimsFault> {
  if (!isRegistered(payload)) return err("bad-claims");
  const { iss, aud, exp, nbf } = payload;
  if (auth.issuer !== null && iss === undefined) return err("bad-claims");
  if (auth.audience !== null && aud === undefined) return err("bad-claims");
  if (auth.issuer !== null && iss !== auth.issuer) return err("wrong-issuer");
  if (auth.audience !== null && !isFor(auth.audience, aud)) return err("wrong-audience");
  if (nowMs >= exp * 1000) return err("expired");
  if (nbf !== undefined && nowMs < (nbf - auth.leewaySeconds) * 1000) return err("not-yet-valid");
  return mapped(auth, payload, exp);
}

/** The registered claims that we look at (RFC 7519), and whatever else there is. */
interface Registered extends Readonly<Record<string, unknown>> {
  readonly iss?: string;
  readonly aud?: string | readonly string[];
  readonly exp: number;
  readonly nbf?: number;
}

/** By hand, because every new buyer's token comes through here: a schema takes ten times as
 *  long. */
function isRegistered(payload: unknown): payload is Registered {
  if (!isGroup(payload)) return false;
  const { iss, aud, exp, nbf } = payload;
  if (iss !== undefined && typeof iss !== "string") return false;
  if (aud !== undefined && typeof aud !== "string" && !isTexts(aud)) return false;
  return Number.isFinite(exp) && (nbf === undefined || Number.isFinite(nbf));
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isFor(audience: string, aud: string | readonly string[] | undefined): boolean {
  return aud === audience || (Array.isArray(aud) && aud.includes(audience));
}

function mapped(
  { claims }: ClaimsConfig,
  said: Readonly<Record<string, unknown>>,
  exp: number,
): Result<Claims, ClaimsFault> {
  const buyerId = claimOf(said, claims.buyerId);
  if (typeof buyerId !== "string") return err("bad-claims");
  const admin = wordsOf(said, claims.admin.claim)?.includes(claims.admin.value) === true;
  if (claims.buy.value === null) return ok({ buyerId, buy: true, admin, exp });
  const words = wordsOf(said, claims.buy.claim);
  if (words === null && !admin) return err("bad-claims");
  return ok({ buyerId, buy: words?.includes(claims.buy.value) === true, admin, exp });
}

/** A text with spaces, as OAuth writes scopes, or a list, as roles are written; null for anything
 *  else. */
function wordsOf(
  said: Readonly<Record<string, unknown>>,
  claim: string,
): readonly unknown[] | null {
  const value = claimOf(said, claim);
  if (typeof value === "string") return value.split(" ");
  return Array.isArray(value) ? value : null;
}
