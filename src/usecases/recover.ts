/** Start-up on a stock that did not outlive the process: place everything the log still holds,
 * then load every sale from the ledger under a new epoch. A reservation that never reached the
 * log was never `accepted`; it is gone, and its order id reads `refused (reservation-lost)`. */
import type { SaleId } from "../domain/ids.ts";
import type { Sale } from "../domain/sale.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";
import type { SaleDirectory } from "./sale-directory.ts";
import { loadAgain, type WarmUpDeps } from "./warm-up.ts";

export interface RecoverDeps extends WarmUpDeps {
  readonly sales: Pick<SaleRepository, "list" | "byId">;
  readonly log: Pick<OrderLog, "lag" | "end" | "reached">;
  readonly directory: SaleDirectory;
}

export interface RecoverReport {
  /** Orders that were in the log but not yet in the ledger. */
  readonly replayed: number;
  readonly salesLoaded: readonly SaleId[];
}

/** Needs the orders role to be consuming; nobody may append before it resolves. */
export async function recover(deps: RecoverDeps, group: string): Promise<RecoverReport> {
  const { messages } = await deps.log.lag(group);
  await deps.log.reached(group, await deps.log.end());
  const sales = await allSales(deps.sales);
  await Promise.all(sales.map((sale) => loadAgain(deps, sale)));
  for (const sale of sales) deps.directory.learn(sale);
  return { replayed: messages, salesLoaded: sales.map((sale) => sale.id) };
}

async function allSales(repository: Pick<SaleRepository, "list">): Promise<Sale[]> {
  const sales: Sale[] = [];
  let cursor: string | null = null;
  do {
    const page = await repository.list(1_000, cursor);
    sales.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return sales.reverse();
}
