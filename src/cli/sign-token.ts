/** Signs a token with the first signing key of the configuration, as the server would. */
import { type Bearer, ownClaims } from "../config/token-claims.ts";
import type { AuthConfig } from "../config/validate.ts";
import { signJwt } from "../lib/sign-jwt.ts";
import { CliFailure } from "./failure.ts";

export type Scope = Bearer["scope"];

export interface SignedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export function signToken(
  auth: AuthConfig,
  bearer: Bearer,
  ttlSeconds: number = auth.tokenTtlSeconds,
): SignedToken {
  const [key] = auth.keys;
  if (key === undefined) throw noKey();
  const iat = Math.floor(Date.now() / 1_000);
  const exp = iat + ttlSeconds;
  const token = signJwt(key, ownClaims(auth, bearer, { iat, exp }));
  return { token, expiresAt: new Date(exp * 1_000) };
}

function noKey(): CliFailure {
  return new CliFailure({
    code: "no-signing-key",
    message: "there is no key to sign a token with: tokens are issued elsewhere (auth.jwks)",
    help: "Get one there, and give it with --token or DOORBUSTER_TOKEN; or set auth.secret, too.",
  });
}
