/** Adds units to a sale: the ledger first, once per key; then the stock, once per ledger
 * version. */
import type { SaleId, Units } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Sale } from "../domain/sale.ts";
import { present } from "../lib/assert.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";
import type { SaleDirectory } from "./sale-directory.ts";

export interface RestockDeps {
  readonly sales: Pick<SaleRepository, "byId">;
  readonly orders: Pick<OrderRepository, "restock">;
  readonly stock: Pick<StockStore, "restock">;
  readonly directory: SaleDirectory;
}

export interface RestockError {
  readonly code: "sale-not-found" | "sale-ended" | "invalid-request" | "idempotency-key-reused";
  readonly detail: string;
}

export async function restock(
  deps: RestockDeps,
  id: SaleId,
  added: Units,
  key: string,
): Promise<Result<Sale, RestockError>> {
  const sale = await deps.sales.byId(id);
  if (sale === null) return err({ code: "sale-not-found", detail: `there is no sale ${id}` });
  if (sale.state === "closed") {
    return err({ code: "sale-ended", detail: `sale ${id} has ended; its stock is final` });
  }
  const written = await deps.orders.restock(id, added, key);
  if (!written.ok) return err(refusals[written.error]);
  await deps.stock.restock(id, added, written.value.version);
  const restocked = present(await deps.sales.byId(id), `sale ${id} vanished`);
  deps.directory.learn(restocked);
  return ok(restocked);
}

const refusals: Record<"over-limit" | "key-reused", RestockError> = {
  "over-limit": {
    code: "invalid-request",
    detail: `a sale may hold at most ${limits.stockMax} units`,
  },
  "key-reused": {
    code: "idempotency-key-reused",
    detail: "this Idempotency-Key was used to add another number of units",
  },
};
