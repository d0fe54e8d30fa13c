/** Keeps the keys fresh that somebody else signs tokens with. A start waits for the first answer,
 * but not for a good one: readiness says if there never were any keys. */
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { PublicKeys } from "../ports/public-keys.ts";
import { doChores } from "./chores.ts";
import type { Role, RoleLog } from "./role.ts";

export interface PublicKeysDeps {
  readonly publicKeys: Pick<PublicKeys, "refresh">;
  readonly refreshMs: number;
  readonly clock: Clock;
  readonly logger: RoleLog;
}

export function publicKeysRole(deps: PublicKeysDeps): Role {
  const { publicKeys, refreshMs, clock, logger } = deps;
  let readAt = Number.NEGATIVE_INFINITY;

  async function work(): Promise<void> {
    if (clock.elapsed() - readAt < refreshMs) return;
    await publicKeys.refresh();
    readAt = clock.elapsed();
  }

  const everyMs = Math.min(limits.jwksRetryMs, refreshMs);
  const chores = doChores([{ name: "read public keys", everyMs, work }], clock, logger);

  async function start(): Promise<void> {
    chores.start();
    await publicKeys.refresh().catch(() => undefined);
  }

  return { name: "public keys", start, stop: chores.stop };
}
