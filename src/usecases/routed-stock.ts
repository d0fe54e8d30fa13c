/** The stock that each sale is sold from: its stock store, or the ledger itself. What concerns a
 * sale that is sold from the ledger never waits for the stock store, which may be away. */
import type { SaleId } from "../domain/ids.ts";
import type { Reservation } from "../domain/reservation.ts";
import type { Sale, SellingMode } from "../domain/sale.ts";
import { err } from "../lib/result.ts";
import type { StockStore, StockUnavailable } from "../ports/stock-store.ts";
import type { ConfirmedModes } from "./confirmed-modes.ts";

export interface RoutedStockDeps {
  readonly stock: StockStore;
  readonly ledger: StockStore;
  /** A sale as it was a moment ago. */
  readonly find: (saleId: SaleId) => Promise<Sale | null>;
  /** As it is now. */
  readonly read: (saleId: SaleId) => Promise<Sale | null>;
  readonly modes: Pick<ConfirmedModes, "of">;
}

export function routedStock({ stock, ledger, find, read, modes }: RoutedStockDeps): StockStore {
  const storeOf = (sale: Sale | null) => (sale?.mode === "ledger" ? ledger : stock);
  const of = async (saleId: SaleId) => storeOf(await find(saleId));
  /** For what was written down before it is told the store: a sale that is sold from the ledger now
   * will be loaded with it, and one that is not must hear of it. */
  const nowOf = async (saleId: SaleId) => storeOf(await read(saleId));
  /** What is loaded is the stock store, unless the sale never uses it. */
  const loaderOf = async (saleId: SaleId) =>
    (await find(saleId))?.strategy === "database" ? ledger : stock;

  /** Only the stock store marks anything as pending; while a sale is not sold from it, its marks
   * count for nothing, since it will be loaded anew. */
  async function marked(orders: readonly Reservation[]): Promise<Reservation[]> {
    const sales = new Set(orders.map((order) => order.saleId));
    const modes = await Promise.all([...sales].map(async (id) => [id, await find(id)] as const));
    const sold = new Set(modes.flatMap(([id, sale]) => (isMarked(sale) ? [id] : [])));
    return orders.filter((order) => sold.has(order.saleId));
  }

  /** A sale with a fallback is sold only in a way that was confirmed lately. */
  const reserve: StockStore["reserve"] = async (saleId, ...rest) => {
    const sale = await find(saleId);
    const falls = sale !== null && sale.fallback !== null && sale.strategy !== "database";
    const mode = falls ? confirmed(sale) : (sale?.mode ?? "stock");
    if (mode === "unknown" || mode === "switching") return err(notSelling(mode));
    return (mode === "ledger" ? ledger : stock).reserve(saleId, ...rest);
  };

  /** A sale that was closed long ago is moved no more. */
  function confirmed({ id, state, mode }: Sale): SellingMode | "unknown" {
    const now = modes.of(id);
    if (now !== "unlisted") return now;
    return state === "closed" ? mode : "unknown";
  }

  return {
    reserve,
    level: async (saleId) => (await of(saleId)).level(saleId),
    pending: async (saleId, query) => (await of(saleId)).pending(saleId, query),
    buckets: async (saleId) => (await of(saleId)).buckets(saleId),
    send: async (saleId, ...rest) => (await of(saleId)).send(saleId, ...rest),
    receive: async (saleId, transfer) => (await of(saleId)).receive(saleId, transfer),
    configure: async (saleId, settings) => (await nowOf(saleId)).configure(saleId, settings),
    restock: async (saleId, ...rest) => (await nowOf(saleId)).restock(saleId, ...rest),
    seal: async (saleId, ...rest) => (await loaderOf(saleId)).seal(saleId, ...rest),
    load: async (saleId, ...rest) => (await loaderOf(saleId)).load(saleId, ...rest),
    settle: async (orders) => stock.settle(await marked(orders)),
    release: async (orders, credit) => stock.release(await marked(orders), credit),
    overdue: async (saleIds, before, max) => {
      const sales = await Promise.all(saleIds.map(find));
      const kept = saleIds.filter((_, at) => isMarked(sales[at] ?? null));
      return stock.overdue(kept, before, max);
    },
  };
}

function notSelling(mode: "unknown" | "switching"): StockUnavailable {
  const why =
    mode === "unknown"
      ? "it is not known just now from where the sale is sold"
      : "the sale is being moved between its stock and the database";
  return { code: "stock-unavailable", detail: `${why}; try again with the same Idempotency-Key` };
}

function isMarked(sale: Sale | null): boolean {
  return sale === null || sale.mode === "stock";
}
