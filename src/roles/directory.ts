/** Keeps this process's sales fresh: what others changed is learnt within a second, even of sales
 * that nobody buys from; how sales with a fallback are sold, several times a second. */
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { ConfirmedModes } from "../usecases/confirmed-modes.ts";
import type { SaleDirectory } from "../usecases/sale-directory.ts";
import { doChores } from "./chores.ts";
import type { Role, RoleLog } from "./role.ts";

export interface DirectoryDeps {
  readonly directory: Pick<SaleDirectory, "refresh">;
  readonly modes: Pick<ConfirmedModes, "refresh">;
  readonly clock: Clock;
  readonly logger: RoleLog;
}

export function directoryRole({ directory, modes, clock, logger }: DirectoryDeps): Role {
  const sales = { name: "refresh sales", everyMs: limits.saleRefreshMs, work: directory.refresh };
  const ways = { name: "refresh modes", everyMs: limits.modeRefreshMs, work: modes.refresh };
  const chores = doChores([sales, ways], clock, logger);
  return { name: "directory", start: async () => chores.start(), stop: chores.stop };
}
