/** The names of keys. All of one bucket share a hash tag, so that a script may touch them in a
 * cluster. The scripts build the names of companions the same way (scripts/prelude.lua). */
import { hash } from "node:crypto";
import type { SaleId } from "../../domain/ids.ts";
import type { Policy } from "../../domain/rate-limit.ts";

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

/** The key of a token bucket. Many may be asked for buyers and addresses at a time, so these share
 * few tags, which one call can serve each; a sale's own spreads the sales over a cluster. */
export function tokenKey(prefix: string, policy: Policy, key: string): string {
  if (policy === "sale" || policy === "global") return `${prefix}{tokens:${policy}:${key}}`;
  return `${prefix}{tokens:${tagOf(key)}}:${policy}:${short(key)}`;
}

const tokenTags = 16;
const shortLength = 24;

function tagOf(key: string): number {
  let sum = 0;
  for (let at = 0; at < key.length; at += 1) sum = (sum * 31 + key.charCodeAt(at)) | 0;
  return (sum >>> 0) % tokenTags;
}

/** Millions of them must be small. The first character tells a name from the hash of one. */
function short(key: string): string {
  if (key.length <= shortLength) return `=${key}`;
  return `#${hash("sha256", key, "buffer").subarray(0, 12).toString("base64url")}`;
}
