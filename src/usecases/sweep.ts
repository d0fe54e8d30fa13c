/** Appends overdue reservations again: whoever crashed between reserve and append left them
 * behind. It only ever appends; the ledger decides. It looks only at what was reserved so long
 * before the consumers' position that its first append can no longer arrive, so a slow ledger
 * causes no storm. */
import { instant } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface SweepDeps {
  readonly stock: Pick<StockStore, "overdue">;
  readonly log: Pick<OrderLog, "append" | "lag">;
  readonly sales: Pick<SaleRepository, "loaded">;
  readonly clock: Clock;
}

/** How many reservations were appended again. Throws what the log throws. */
export async function sweep(deps: SweepDeps, group: string): Promise<number> {
  const { consumedThrough } = await deps.log.lag(group);
  const before = instant(consumedThrough - limits.appendDeadlineMs);
  const closedAfter = instant(deps.clock.now() - limits.logRetentionMs);
  const sales = await deps.sales.loaded(closedAfter);
  const saleIds = sales.map((sale) => sale.id);
  const overdue = await deps.stock.overdue(saleIds, before, limits.sweepBatchMax);
  if (overdue.length > 0) await deps.log.append(overdue);
  return overdue.length;
}
