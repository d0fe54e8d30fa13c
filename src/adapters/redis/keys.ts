/** The names of keys. All of one bucket share a hash tag, so that a script may touch them in a
 * cluster. The scripts build the names of companions the same way (scripts/prelude.lua). */
import type { SaleId } from "../../domain/ids.ts";

export interface StockKeys {
  /** A hash: the settings and counts of one bucket. */
  stock(saleId: SaleId, bucket: number): string;
  /** A hash from mark to what a sweep needs. */
  pending(saleId: SaleId, bucket: number): string;
  /** A sorted set of marks by the time of their next sweep. */
  due(saleId: SaleId, bucket: number): string;
  /** A string of records: some of the orders that are live. */
  page(saleId: SaleId, bucket: number, epoch: number, page: number): string;
}

export function stockKeys(prefix: string): StockKeys {
  const stock = (saleId: SaleId, bucket: number) => `${prefix}{${saleId}:${bucket}}:stock`;
  return {
    stock,
    pending: (saleId, bucket) => `${stock(saleId, bucket)}:pending`,
    due: (saleId, bucket) => `${stock(saleId, bucket)}:due`,
    page: (saleId, bucket, epoch, page) => `${stock(saleId, bucket)}:b:${epoch}:${page}`,
  };
}
