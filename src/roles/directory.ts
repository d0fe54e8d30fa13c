/** Keeps this process's sales fresh: what others changed is learnt within a second, even of sales
 * that nobody buys from. */
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { SaleDirectory } from "../usecases/sale-directory.ts";
import type { Role, RoleLog } from "./role.ts";

export interface DirectoryDeps {
  readonly directory: Pick<SaleDirectory, "refresh">;
  readonly clock: Clock;
  readonly logger: RoleLog;
}

export function directoryRole({ directory, clock, logger }: DirectoryDeps): Role {
  let cancel: (() => void) | null = null;
  let failing = false;
  let stopped = false;

  async function tick(): Promise<void> {
    try {
      await directory.refresh();
      failing = false;
    } catch (reason) {
      if (!failing) logger.warn({ err: reason }, "sales cannot be refreshed; selling goes on");
      failing = true;
    }
    if (!stopped) cancel = clock.after(limits.saleRefreshMs, () => void tick());
  }

  async function stop(): Promise<void> {
    stopped = true;
    cancel?.();
  }

  return { name: "directory", start: () => tick(), stop };
}
