/** What the database holds. */
import type { Instant, OrderId, SaleId } from "../../../src/domain/ids.ts";
import { units } from "../../../src/domain/ids.ts";
import type { Order } from "../../../src/domain/order.ts";
import type { KnownOrder } from "../../../src/domain/reservation.ts";
import type { Sale, SellingMode } from "../../../src/domain/sale.ts";

/** Has the database do something, once, at one moment. */
export type Ask = <T>(work: () => T) => Promise<T>;

export interface LedgerTables {
  readonly entries: Map<SaleId, LedgerEntry>;
  readonly orders: Map<OrderId, Order>;
  /** The live orders of a buyer, by sale and buyer. */
  readonly ofBuyer: Map<string, readonly KnownOrder[]>;
  /** Sales whose orders changed since somebody looked. */
  readonly changed: Set<SaleId>;
}

/** A sale and its ledger. */
export interface LedgerEntry {
  sale: Sale;
  total: number;
  sold: number;
  version: number;
  epoch: number;
  minEpoch: number;
  /** The highest of its controllers. */
  token: number;
  mode: SellingMode;
  updatedAt: Instant;
  readonly restocks: Map<string, { readonly added: number; readonly version: number }>;
}

export function ledgerTables(): LedgerTables {
  return { entries: new Map(), orders: new Map(), ofBuyer: new Map(), changed: new Set() };
}

export function saleOf({ sale, total, mode }: LedgerEntry): Sale {
  return { ...sale, stock: units(total), mode: sale.strategy === "database" ? "ledger" : mode };
}
