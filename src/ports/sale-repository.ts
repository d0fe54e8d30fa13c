/** The sales and their terms. `stock` of a sale read from here is the ledger's total, restocks
 * included. */
import type { Instant, SaleId } from "../domain/ids.ts";
import type { Sale, SaleTerms, SellingMode } from "../domain/sale.ts";
import type { Result } from "../lib/result.ts";

export interface SalePage {
  readonly items: readonly Sale[];
  readonly nextCursor: string | null;
}

export interface SaleRepository {
  /** Writes a new, scheduled sale with its ledger, in one transaction. */
  create(terms: SaleTerms, now: Instant): Promise<Sale>;

  byId(id: SaleId): Promise<Sale | null>;

  /** Sales newest first. */
  list(limit: number, cursor: string | null): Promise<SalePage>;

  /** Sales that time moves: scheduled ones that start before `startsBefore`, and those not yet
   * written down as closed that end before `endsBefore`. */
  due(startsBefore: Instant, endsBefore: Instant): Promise<readonly Sale[]>;

  /** Replaces the sale if its stored version is `sale.version − 1`; else `version-conflict`. */
  update(sale: Sale): Promise<Result<Sale, "version-conflict">>;

  /** Sales whose stock may have been loaded, or should have been: all but scheduled ones that never
   * had an epoch and those that closed before `closedAfter`. */
  loaded(closedAfter: Instant): Promise<readonly Sale[]>;

  /** How the sales are sold that have a fallback, or are always sold from the ledger. Without those
   * that are closed, and with a fallback have not changed in the last `closedWithinMs` either, by
   * the repository's clock. */
  modes(closedWithinMs: number): Promise<ReadonlyMap<SaleId, SellingMode>>;

  /** Sales changed or restocked in the last `withinMs`, by the repository's clock. */
  changed(withinMs: number): Promise<readonly Sale[]>;
}
