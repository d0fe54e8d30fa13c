/** GET /v1/sales/{id}: what everybody asks before and during a sale, hence from memory alone. */
import { parseSaleId } from "../domain/ids.ts";
import type { Sale } from "../domain/sale.ts";
import type { AppDeps } from "./app-deps.ts";
import type { SaleHandler } from "./hot-route.ts";
import { entityTag } from "./if-match.ts";
import { jsonAnswer } from "./json-answer.ts";
import { noSuchSale } from "./no-such-sale.ts";
import { saleView } from "./sale-view.ts";

export function readSaleHandler(deps: AppDeps): SaleHandler {
  return async (_, saleIdText) => {
    const saleId = parseSaleId(saleIdText);
    if (saleId === null) return noSuchSale();
    const sale = deps.directory.peek(saleId) ?? (await deps.directory.find(saleId));
    return sale === null ? noSuchSale() : saleAnswer(deps, 200, sale);
  };
}

/** A sale with what is left of it. */
export async function saleAnswer(
  deps: Pick<AppDeps, "stock" | "clock">,
  status: 200 | 201,
  sale: Sale,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const view = saleView(sale, await deps.stock.level(sale.id), deps.clock.now());
  return jsonAnswer(status, view, { ...headers, etag: entityTag(sale) });
}
