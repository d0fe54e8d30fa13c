/** Appends overdue reservations again: whoever crashed between reserve and append left them
 * behind. It only ever appends; the ledger decides. It looks only at what was reserved so long
 * before the consumers' position that its first append can no longer arrive, so a slow ledger
 * causes no storm. */
import { instant, type SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface SweepDeps {
  readonly stock: Pick<StockStore, "overdue">;
  readonly log: Pick<OrderLog, "append" | "lag">;
}

/** How many reservations of these sales were appended again. Throws what the log throws. */
export async function sweep(
  deps: SweepDeps,
  group: string,
  saleIds: readonly SaleId[],
): Promise<number> {
  if (saleIds.length === 0) return 0;
  const { consumedThrough } = await deps.log.lag(group);
  const before = instant(consumedThrough - limits.appendDeadlineMs);
  const overdue = await deps.stock.overdue(saleIds, before, limits.sweepBatchMax);
  if (overdue.length > 0) await deps.log.append(overdue);
  return overdue.length;
}
