/** Which claims of a token say what: read as the configuration says, and written so for tokens of
 * our own. A name that begins with a slash is a path to a claim inside others (RFC 6901, without
 * escapes). */
import { isGroup, withValue } from "./layers.ts";
import type { AuthConfig } from "./validate.ts";

/** Undefined if there is no such claim. */
export function claimOf(claims: Readonly<Record<string, unknown>>, name: string): unknown {
  if (!name.startsWith("/")) return Object.hasOwn(claims, name) ? claims[name] : undefined;
  return pathOf(name).reduce<unknown>((inside, key) => {
    if (!isGroup(inside) || !Object.hasOwn(inside, key)) return undefined;
    return inside[key];
  }, claims);
}

export interface Bearer {
  readonly sub: string;
  readonly scope: "buy" | "admin";
}

/** The claims of a token that we sign ourselves; times in seconds since 1970. */
export function ownClaims(
  { issuer, audience, claims }: Pick<AuthConfig, "issuer" | "audience" | "claims">,
  { sub, scope }: Bearer,
  { iat, exp }: { readonly iat: number; readonly exp: number },
): Record<string, unknown> {
  const base = {
    ...(issuer !== null && { iss: issuer }),
    ...(audience !== null && { aud: audience }),
    ...{ iat, exp },
  };
  const named = withValue(base, pathOf(claims.buyerId), sub);
  const { claim, value } = claims[scope];
  return value === null ? named : withValue(named, pathOf(claim), value);
}

function pathOf(name: string): readonly string[] {
  return name.startsWith("/") ? name.slice(1).split("/") : [name];
}
