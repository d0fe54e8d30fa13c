/** Keeps what this process knows fresh: what others changed of sales, limits and lists is learnt
 * within a second, even of sales that nobody buys from; how sales with a fallback are sold, several
 * times a second. */
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { AdmissionDirectory } from "../usecases/admission-directory.ts";
import type { ConfirmedModes } from "../usecases/confirmed-modes.ts";
import type { SaleDirectory } from "../usecases/sale-directory.ts";
import { doChores } from "./chores.ts";
import type { Role, RoleLog } from "./role.ts";

export interface DirectoryDeps {
  readonly admission: Pick<AdmissionDirectory, "refresh">;
  readonly directory: Pick<SaleDirectory, "refresh">;
  readonly modes: Pick<ConfirmedModes, "refresh">;
  readonly clock: Clock;
  readonly logger: RoleLog;
}

export function directoryRole(deps: DirectoryDeps): Role {
  const { directory, modes, admission, clock, logger } = deps;
  const sales = { name: "refresh sales", everyMs: limits.saleRefreshMs, work: directory.refresh };
  const ways = { name: "refresh modes", everyMs: limits.modeRefreshMs, work: modes.refresh };
  const { refresh: work } = admission;
  const rules = { name: "refresh admission", everyMs: limits.admissionRefreshMs, work };
  const chores = doChores([sales, ways, rules], clock, logger);

  /** Nobody is to come in because the lists were not read yet. */
  async function start(): Promise<void> {
    await admission.refresh().catch((reason: unknown) => {
      logger.warn({ err: reason }, "starts without the limits and lists of who may come");
    });
    chores.start();
  }

  return { name: "directory", start, stop: chores.stop };
}
