/** The sales this process knows, read through: a miss goes to the repository once, however many
 * ask at the same time. Bounded: the sale that was learnt first is forgotten first. */
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Sale } from "../domain/sale.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";

export interface SaleDirectory {
  /** The sale if it is known here, without asking anybody. */
  peek(id: SaleId): Sale | undefined;
  find(id: SaleId): Promise<Sale | null>;
  /** Learns a sale, unless a newer version is known. */
  learn(sale: Sale): void;
  counts(): { readonly hits: number; readonly misses: number };
}

export function saleDirectory(repository: Pick<SaleRepository, "byId">): SaleDirectory {
  const known = new Map<SaleId, Sale>();
  const asking = new Map<SaleId, Promise<Sale | null>>();
  let hits = 0;
  let misses = 0;

  function peek(id: SaleId): Sale | undefined {
    const sale = known.get(id);
    if (sale !== undefined) hits += 1;
    return sale;
  }

  async function find(id: SaleId): Promise<Sale | null> {
    const sale = peek(id);
    if (sale !== undefined) return sale;
    const underWay = asking.get(id);
    if (underWay !== undefined) return underWay;
    misses += 1;
    const answer = ask(id).finally(() => asking.delete(id));
    asking.set(id, answer);
    return answer;
  }

  async function ask(id: SaleId): Promise<Sale | null> {
    const sale = await repository.byId(id);
    if (sale !== null) learn(sale);
    return sale;
  }

  function learn(sale: Sale): void {
    const old = known.get(sale.id);
    if (old !== undefined && old.version > sale.version) return;
    known.set(sale.id, sale);
    for (const eldest of known.keys()) {
      if (known.size <= limits.saleDirectoryMax) break;
      known.delete(eldest);
    }
  }

  return { peek, find, learn, counts: () => ({ hits, misses }) };
}
