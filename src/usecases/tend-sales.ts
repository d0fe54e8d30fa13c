/** What a sale needs while time passes: its stock loaded before it opens, and its state written
 * down when its start or end time has come. The stock keeps time by itself, so a late tick sells
 * nothing too early or too late. */
import { type Instant, instant, type SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { type Sale, type SaleAction, stateAt } from "../domain/sale.ts";
import { inParallel } from "../lib/in-parallel.ts";
import { actOnSale, type ChangeSaleDeps } from "./change-sale.ts";
import type { Control } from "./hold-sales.ts";
import { warmUp, warmUpIsDue } from "./warm-up.ts";

export interface TendReport {
  readonly warmed: number;
  readonly opened: number;
  readonly closed: number;
}

/** Loads what `control` says is held; writes states down also where it only helps, since they go by
 * version. One sale that fails keeps no other from it: the first failure is thrown in the end. */
export async function tendSales(
  deps: ChangeSaleDeps,
  control: (saleId: SaleId) => Control,
): Promise<TendReport> {
  const now = deps.clock.now();
  const due = await deps.sales.due(instant(now + limits.warmUpLeadMs), now);
  const ours = due.filter((sale) => control(sale.id).kind !== "none");
  const held = ours.filter((sale) => control(sale.id).kind === "holds" && warmUpIsDue(sale, now));
  const report = { warmed: 0, opened: 0, closed: 0 };
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>) => work.catch((reason) => void failures.push(reason));
  await inParallel(held, limits.loadsAtOnce, (sale) =>
    attempt(
      loadIfMissing(deps, sale).then((loaded) => {
        if (loaded) report.warmed += 1;
      }),
    ),
  );
  for (const sale of ours) {
    const action = dueAction(sale, now);
    if (action === null) continue;
    await attempt(
      actOnSale(deps, sale.id, action).then(() => {
        report[action === "open" ? "opened" : "closed"] += 1;
      }),
    );
  }
  if (failures.length > 0) throw failures[0];
  return report;
}

/** Whether it was to be loaded, and was. */
async function loadIfMissing(deps: ChangeSaleDeps, sale: Sale): Promise<boolean> {
  return (await deps.stock.level(sale.id)) === null && (await warmUp(deps, sale));
}

function dueAction(sale: Sale, now: Instant): SaleAction | null {
  const state = stateAt(sale, now);
  if (state === sale.state) return null;
  return state === "open" ? "open" : "close";
}
