/** Who is asking: the bearer token of a request, verified once and remembered while it lives. Scope `buy` is a buyer,
 *  `admin` an administrator; a token may have both. */
import type { AuthConfig } from "../config/validate.ts";
import { type BuyerId, parseBuyerId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import { problem } from "./problem.ts";
import { type Claims, type TokenFault, tokenVerifier } from "./token.ts";

export type Scope = "buy" | "admin";

export interface Identity {
  readonly buyerId: BuyerId;
  readonly scopes: ReadonlySet<string>;
  readonly expiresAtMs: number;
}

/** Answers for the value of an `Authorization` header. */
export type Authenticator = (authorization: string | null) => Result<Identity, Response>;

export function authenticator(auth: AuthConfig, clock: Pick<Clock, "now">): Authenticator {
  const verify = tokenVerifier(auth);
  const known = new Map<string, Identity>();

  return (authorization) => {
    if (authorization === null) return err(missingToken());
    const now = clock.now();
    const remembered = known.get(authorization);
    if (remembered !== undefined && now < remembered.expiresAtMs) return ok(remembered);
    const token = bearerToken(authorization);
    if (token === null) return err(missingToken());
    const claims = verify(token, now);
    if (!claims.ok) return err(invalidToken(claims.error));
    const identity = identityOf(claims.value);
    if (identity === null) return err(invalidToken("bad-claims"));
    remember(known, authorization, identity);
    return ok(identity);
  };
}

/** The answer to a token that is good, but not for this. */
export function forbidden(scope: Scope): Response {
  return problem("forbidden", `this needs a token with the scope "${scope}"`, {
    headers: { "www-authenticate": challenge("insufficient_scope", { scope }) },
  });
}

/** The one that was learnt first makes room. */
function remember(known: Map<string, Identity>, authorization: string, identity: Identity): void {
  known.set(authorization, identity);
  if (known.size <= limits.tokenCacheMax) return;
  for (const eldest of known.keys()) {
    known.delete(eldest);
    return;
  }
}

function bearerToken(authorization: string): string | null {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? null;
}

function identityOf({ sub, scope, exp }: Claims): Identity | null {
  const buyerId = parseBuyerId(sub);
  if (buyerId === null) return null;
  return { buyerId, scopes: new Set(scope.split(" ")), expiresAtMs: exp * 1000 };
}

/** RFC 6750: who sent no token is told what is needed, not what is wrong. */
function missingToken(): Response {
  return problem("unauthenticated", "send a token: Authorization: Bearer …", {
    headers: { "www-authenticate": 'Bearer realm="doorbuster"' },
  });
}

function invalidToken(fault: TokenFault): Response {
  const detail = faultTexts[fault];
  return problem("unauthenticated", detail, {
    headers: {
      "www-authenticate": challenge("invalid_token", { error_description: detail }),
    },
  });
}

function challenge(error: string, more: Readonly<Record<string, string>>): string {
  const parts = Object.entries({ realm: "doorbuster", error, ...more });
  return `Bearer ${parts.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}

const faultTexts: Record<TokenFault, string> = {
  malformed: "the token is not a JWT",
  unsupported: "the token must be signed with HS256 and ask for no extensions",
  "unknown-key": "the token names a key (kid) that is not known here",
  "bad-signature": "the token's signature is wrong",
  "wrong-issuer": "the token was issued by somebody else (iss)",
  "wrong-audience": "the token was issued for somebody else (aud)",
  "bad-claims":
    "the token must carry iss, aud, exp, scope and sub (1 to 128 printable ASCII characters)",
  expired: "the token has expired",
  "not-yet-valid": "the token is not valid yet (nbf)",
};
