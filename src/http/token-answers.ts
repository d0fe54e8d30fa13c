/** What is said to whoever comes without a good token. Most of it is built once, so that whoever
 *  floods us with forged tokens costs little. */
import type { AuthConfig } from "../config/validate.ts";
import { publicKeyAlgorithms } from "../ports/public-keys.ts";
import { type PreparedProblem, preparedProblem, problem } from "./problem.ts";
import type { TokenFault } from "./token.ts";

export type Scope = "buy" | "admin";

export interface TokenAnswers {
  readonly missing: PreparedProblem;
  readonly refused: Readonly<Record<Exclude<TokenFault, "unknown-public-key">, PreparedProblem>>;
  readonly unknownPublicKey: PreparedProblem;
  /** The keys were never read, so that nobody can tell a good token from a bad one. */
  readonly noKeysYet: PreparedProblem;
}

export function tokenAnswers(auth: AuthConfig): TokenAnswers {
  return {
    missing: missingToken,
    unknownPublicKey: unknownKey,
    noKeysYet,
    refused: {
      malformed: refused("the token is not a JWT"),
      unsupported: refused(unsupportedText(auth)),
      "unknown-key": unknownKey,
      "bad-signature": refused("the token's signature is wrong"),
      "wrong-issuer": refused("the token was issued by somebody else (iss)"),
      "wrong-audience": refused("the token was issued for somebody else (aud)"),
      "bad-claims": refused(claimsText(auth)),
      expired: refused("the token has expired"),
      "not-yet-valid": refused("the token is not valid yet (nbf)"),
    },
  };
}

function unsupportedText({ keys, jwks }: AuthConfig): string {
  const published = jwks.url !== null || jwks.file !== null;
  const algorithms = [
    ...(keys.length > 0 ? ["HS256"] : []),
    ...(published ? publicKeyAlgorithms : []),
  ];
  return `the token must be signed with ${algorithms.join(" or ")} and ask for no extensions`;
}

function claimsText({ issuer, audience, claims }: AuthConfig): string {
  const names = [
    ...(issuer === null ? [] : ["iss"]),
    ...(audience === null ? [] : ["aud"]),
    "exp",
    ...(claims.buy.value === null ? [] : [claims.buy.claim]),
  ].join(", ");
  const buyerId = `${claims.buyerId} (1 to 128 printable ASCII characters)`;
  return `the token must carry ${names} and ${buyerId}`;
}

/** The answer to a token that is good, but not for this. */
export function forbidden(scope: Scope): Response {
  return problem("forbidden", `this needs a token with the scope "${scope}"`, {
    headers: { "www-authenticate": challenge("insufficient_scope", { scope }) },
  });
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

const unknownKey = refused("the token names a key (kid) that is not known here");

const noKeysYet = preparedProblem(
  "service-unavailable",
  "the keys that tokens are signed with could not be read yet; try again in a moment",
  { headers: { "retry-after": "1" } },
);
