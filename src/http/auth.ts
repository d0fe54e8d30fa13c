/** Who is asking: the bearer token of a request, verified once and remembered while it lives.
 *  Scope `buy` is a buyer, `admin` an administrator; a token may have both. */
import type { AuthConfig } from "../config/validate.ts";
import { type BuyerId, parseBuyerId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { recent } from "../lib/recent.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import { type PreparedProblem, preparedProblem, problem } from "./problem.ts";
import { type Claims, type TokenFault, tokenVerifier } from "./token.ts";

export type Scope = "buy" | "admin";

export interface Identity {
  readonly buyerId: BuyerId;
  readonly buy: boolean;
  readonly admin: boolean;
  readonly expiresAtMs: number;
}

/** Answers for the value of an `Authorization` header. */
export type Authenticator = (authorization: string | null) => Result<Identity, Response>;

export function authenticator(auth: AuthConfig, clock: Pick<Clock, "now">): Authenticator {
  const verify = tokenVerifier(auth);
  const known = recent<string, Identity>(limits.tokenCacheMax);

  return (authorization) => {
    if (authorization === null) return err(missingToken());
    const now = clock.now();
    const remembered = known.get(authorization);
    if (remembered !== undefined && now < remembered.expiresAtMs) return ok(remembered);
    const token = bearerToken(authorization);
    if (token === null) return err(missingToken());
    const claims = verify(token, now);
    if (!claims.ok) return err(invalidToken[claims.error]());
    const identity = identityOf(claims.value);
    if (identity === null) return err(invalidToken["bad-claims"]());
    known.set(authorization, identity);
    return ok(identity);
  };
}

/** The answer to a token that is good, but not for this. */
export function forbidden(scope: Scope): Response {
  return problem("forbidden", `this needs a token with the scope "${scope}"`, {
    headers: { "www-authenticate": challenge("insufficient_scope", { scope }) },
  });
}

function bearerToken(authorization: string): string | null {
  if (authorization.startsWith("Bearer ey")) return authorization.slice(7);
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? null;
}

function identityOf({ sub, scope, exp }: Claims): Identity | null {
  const buyerId = parseBuyerId(sub);
  if (buyerId === null) return null;
  const scopes = scope.split(" ");
  const [buy, admin] = [scopes.includes("buy"), scopes.includes("admin")];
  return { buyerId, buy, admin, expiresAtMs: exp * 1000 };
}

/** RFC 6750: who sent no token is told what is needed, not what is wrong. */
const missingToken = preparedProblem("unauthenticated", "send a token: Authorization: Bearer …", {
  headers: { "www-authenticate": 'Bearer realm="doorbuster"' },
});

/** The answer to a token that is no good. */
function refused(detail: string): PreparedProblem {
  return preparedProblem("unauthenticated", detail, {
    headers: { "www-authenticate": challenge("invalid_token", { error_description: detail }) },
  });
}

function challenge(error: string, more: Readonly<Record<string, string>>): string {
  const parts = Object.entries({ realm: "doorbuster", error, ...more });
  return `Bearer ${parts.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}

/** Built once, so that whoever floods us with forged tokens costs little. */
const invalidToken: Record<TokenFault, PreparedProblem> = {
  malformed: refused("the token is not a JWT"),
  unsupported: refused("the token must be signed with HS256 and ask for no extensions"),
  "unknown-key": refused("the token names a key (kid) that is not known here"),
  "bad-signature": refused("the token's signature is wrong"),
  "wrong-issuer": refused("the token was issued by somebody else (iss)"),
  "wrong-audience": refused("the token was issued for somebody else (aud)"),
  "bad-claims": refused(
    "the token must carry iss, aud, exp, scope and sub (1 to 128 printable ASCII characters)",
  ),
  expired: refused("the token has expired"),
  "not-yet-valid": refused("the token is not valid yet (nbf)"),
};
