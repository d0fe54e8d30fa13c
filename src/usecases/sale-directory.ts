/** The sales this process knows, read through: a miss goes to the repository once, however many
 * ask at the same time. Changes made by others arrive with the next answer of the stock, or with
 * the next refresh. Bounded: a sale that nobody has asked for lately is forgotten. */
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Sale } from "../domain/sale.ts";
import { recent } from "../lib/recent.ts";
import { singleFlight } from "../lib/single-flight.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";

export interface SaleDirectory {
  /** The sale if it is known here, without asking anybody. */
  peek(id: SaleId): Sale | undefined;
  find(id: SaleId): Promise<Sale | null>;
  /** Learns a sale, unless a newer version is known. */
  learn(sale: Sale): void;
  /** Told that the stock applies this version of a sale: what is older here is asked for anew. */
  applied(id: SaleId, version: number): void;
  /** Learns what others changed lately; call once a second. */
  refresh(): Promise<void>;
  counts(): { readonly hits: number; readonly misses: number };
}

type Repository = Pick<SaleRepository, "byId" | "changed">;

export function saleDirectory(repository: Repository): SaleDirectory {
  const known = recent<SaleId, Sale>(limits.saleDirectoryMax);
  const ask = singleFlight(read);
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
    return ask(id);
  }

  async function read(id: SaleId): Promise<Sale | null> {
    misses += 1;
    const sale = await repository.byId(id);
    if (sale !== null) learn(sale);
    return sale;
  }

  function learn(sale: Sale): void {
    const old = known.get(sale.id);
    if (old !== undefined && old.version > sale.version) return;
    known.set(sale.id, sale);
  }

  function applied(id: SaleId, version: number): void {
    const sale = known.get(id);
    if (sale === undefined || sale.version >= version) return;
    // Whoever waits for it hears of the failure; nobody does for a refresh.
    ask(id).catch(() => undefined);
  }

  async function refresh(): Promise<void> {
    for (const sale of await repository.changed(limits.saleChangesMs)) {
      if (known.get(sale.id) !== undefined) learn(sale);
    }
  }

  return { peek, find, learn, applied, refresh, counts: () => ({ hits, misses }) };
}
