/** The controller role: tends the sales as time passes and sweeps what was left behind. One pass
 * at a time; a pass that fails is tried again at the next tick. */
import { instant } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { ChangeSaleDeps } from "../usecases/change-sale.ts";
import { type SweepDeps, sweep } from "../usecases/sweep.ts";
import { tendSales } from "../usecases/tend-sales.ts";
import { ordersGroup } from "./orders.ts";
import type { Role, RoleLog } from "./role.ts";

export type ControllerDeps = ChangeSaleDeps &
  SweepDeps & {
    readonly log: Pick<OrderLog, "trim">;
    readonly swept: (orders: number) => void;
    readonly logger: RoleLog;
  };

export function controllerRole(deps: ControllerDeps): Role {
  let cancel: (() => void) | null = null;
  let pass: Promise<void> = Promise.resolve();
  let stopped = false;

  function tick(): void {
    if (stopped) return;
    pass = onePass(deps).finally(() => {
      if (!stopped) cancel = deps.clock.after(limits.controllerTickMs, tick);
    });
  }

  async function stop(): Promise<void> {
    stopped = true;
    cancel?.();
    await pass;
  }

  return { name: "controller", start: async () => tick(), stop };
}

async function onePass(deps: ControllerDeps): Promise<void> {
  try {
    const tended = await tendSales(deps);
    if (tended.warmed + tended.opened + tended.closed > 0) deps.logger.info(tended, "tended sales");
    const swept = await sweep(deps, ordersGroup);
    if (swept > 0) deps.logger.info({ orders: swept }, "appended overdue orders again");
    deps.swept(swept);
    await deps.log.trim(instant(deps.clock.now() - limits.logRetentionMs));
  } catch (reason) {
    deps.logger.error({ err: reason }, "controller pass failed; trying again");
  }
}
