/** What a token says whose signature is good: whom it is for, until when, and what he may do. */
import { z } from "zod";
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
  const parsed = claimsSchema.safeParse(payload);
  if (!parsed.success) return err("bad-claims");
  const { iss, aud, exp, nbf } = parsed.data;
  if (auth.issuer !== null && iss === undefined) return err("bad-claims");
  if (auth.audience !== null && aud === undefined) return err("bad-claims");
  if (auth.issuer !== null && iss !== auth.issuer) return err("wrong-issuer");
  if (auth.audience !== null && !isFor(auth.audience, aud)) return err("wrong-audience");
  if (nowMs >= exp * 1000) return err("expired");
  if (nbf !== undefined && nowMs < (nbf - auth.leewaySeconds) * 1000) return err("not-yet-valid");
  return mapped(auth, parsed.data, exp);
}

const claimsSchema = z.looseObject({
  iss: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number(),
  nbf: z.number().optional(),
});

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
