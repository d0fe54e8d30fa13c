/** What a sale needs while time passes: its stock loaded before it opens, and its state written
 * down when its start or end time has come. The stock keeps time by itself, so a late tick sells
 * nothing too early or too late. */
import { type Instant, instant } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { type Sale, type SaleAction, stateAt } from "../domain/sale.ts";
import { actOnSale, type ChangeSaleDeps } from "./change-sale.ts";
import { warmUp, warmUpIsDue } from "./warm-up.ts";

export interface TendReport {
  readonly warmed: number;
  readonly opened: number;
  readonly closed: number;
}

export async function tendSales(deps: ChangeSaleDeps): Promise<TendReport> {
  const now = deps.clock.now();
  const report = { warmed: 0, opened: 0, closed: 0 };
  for (const sale of await deps.sales.due(instant(now + limits.warmUpLeadMs), now)) {
    if (warmUpIsDue(sale, now) && (await deps.stock.level(sale.id)) === null) {
      await warmUp(deps, sale);
      report.warmed += 1;
    }
    const action = dueAction(sale, now);
    if (action === null) continue;
    await actOnSale(deps, sale.id, action);
    report[action === "open" ? "opened" : "closed"] += 1;
  }
  return report;
}

function dueAction(sale: Sale, now: Instant): SaleAction | null {
  const state = stateAt(sale, now);
  if (state === sale.state) return null;
  return state === "open" ? "open" : "close";
}
