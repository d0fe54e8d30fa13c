/** The keys of the shop's identity provider, where the configuration names a place for them. */
import { jwksPublicKeys } from "../adapters/jwks/public-keys.ts";
import { jwksReader } from "../adapters/jwks/read.ts";
import type { Config } from "../config/validate.ts";
import type { Health } from "../observability/health.ts";
import type { Clock } from "../ports/clock.ts";
import type { PublicKeys } from "../ports/public-keys.ts";
import { publicKeysRole } from "../roles/public-keys.ts";
import type { Role, RoleLog } from "../roles/role.ts";

export interface ComposedKeys {
  /** Null where nobody's keys but our own are believed, or nobody asks. */
  readonly publicKeys: PublicKeys | null;
  /** What keeps them fresh. */
  readonly roles: readonly Role[];
}

export function composePublicKeys(
  { auth, roles }: Config,
  { clock, health, logger }: { clock: Clock; health: Health; logger: RoleLog },
): ComposedKeys {
  const read = roles.includes("api") ? jwksReader(auth.jwks) : null;
  if (read === null) return { publicKeys: null, roles: [] };
  const publicKeys = jwksPublicKeys({ read, clock });
  health.watch("public keys", publicKeys.failure);
  const refreshMs = auth.jwks.refreshSeconds * 1_000;
  return { publicKeys, roles: [publicKeysRole({ publicKeys, refreshMs, clock, logger })] };
}
