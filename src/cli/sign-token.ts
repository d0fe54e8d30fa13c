/** Signs a token with the first signing key of the configuration, as the server would. */
import type { AuthConfig } from "../config/validate.ts";
import { signJwt } from "../lib/sign-jwt.ts";

export type Scope = "buy" | "admin";

export interface SignedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

export function signToken(
  auth: AuthConfig,
  claims: { readonly sub: string; readonly scope: Scope },
  ttlSeconds: number = auth.tokenTtlSeconds,
): SignedToken {
  const iat = Math.floor(Date.now() / 1_000);
  const exp = iat + ttlSeconds;
  const token = signJwt(auth.keys[0], {
    iss: auth.issuer,
    aud: auth.audience,
    ...claims,
    iat,
    exp,
  });
  return { token, expiresAt: new Date(exp * 1_000) };
}
