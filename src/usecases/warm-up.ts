/** Loads a sale's stock from the ledger under a new epoch: before it opens, and again whenever
 * the stock was lost. The caller sees to it that every order accepted under an older epoch has
 * been placed. */
import type { Instant } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { settingsOf } from "../domain/reservation.ts";
import { type Sale, stateAt } from "../domain/sale.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface WarmUpDeps {
  readonly orders: Pick<OrderRepository, "fence">;
  readonly stock: Pick<StockStore, "load">;
}

/** Idempotent in effect: a loader that was overtaken by a higher epoch changes nothing. */
export async function warmUp(deps: WarmUpDeps, sale: Sale): Promise<void> {
  const { epoch, snapshot } = await deps.orders.fence(sale.id);
  await deps.stock.load(sale.id, epoch, settingsOf(sale), snapshot);
}

export function warmUpIsDue(sale: Sale, now: Instant): boolean {
  if (stateAt(sale, now) !== "scheduled") return true;
  return sale.startsAt !== null && sale.startsAt - now <= limits.warmUpLeadMs;
}
