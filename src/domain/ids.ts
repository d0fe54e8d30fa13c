/** Branded identifiers. An order id routes: it carries the time, sale, bucket, epoch and sequence
 * of its reservation in 128 bits, sorts by time as text, and is unique because (bucket, epoch,
 * sequence) is. */
import { assert } from "../lib/assert.ts";
import { limits } from "./limits.ts";

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** `s` and the sale's number, 1 to 2³²−1. */
export type SaleId = Brand<string, "SaleId">;
/** 26 characters of Crockford's base 32: 48 bits time, 32 sale, 8 bucket, 16 epoch, 24 sequence. */
export type OrderId = Brand<string, "OrderId">;
export type BuyerId = Brand<string, "BuyerId">;
/** What a client sent as `Idempotency-Key`, without its quotes. */
export type RequestKey = Brand<string, "RequestKey">;
export type Units = Brand<number, "Units">;
/** The fencing token under which a sale's stock was loaded; it only grows. */
export type Epoch = Brand<number, "Epoch">;
/** The fencing token of a lock's holder, higher than those of the holders before: a safe
 * integer. */
export type LockToken = Brand<number, "LockToken">;
/** Milliseconds since 1970-01-01 UTC. */
export type Instant = Brand<number, "Instant">;

export const units = (n: number): Units => n as Units;
export const instant = (ms: number): Instant => ms as Instant;

export function epoch(n: number): Epoch {
  assert(Number.isInteger(n) && n >= 0 && n < 2 ** 16, `epoch out of range: ${n}`);
  return n as Epoch;
}

export function lockToken(n: number): LockToken {
  assert(Number.isSafeInteger(n) && n > 0, `lock token out of range: ${n}`);
  return n as LockToken;
}

export function saleIdOf(number: number): SaleId {
  assert(Number.isInteger(number) && number > 0 && number < 2 ** 32, `bad sale number: ${number}`);
  return `s${number}` as SaleId;
}

/** The sale's number, or null if the text is no sale id. */
export function saleNumber(text: string): number | null {
  if (!/^s[1-9]\d{0,9}$/.test(text)) return null;
  const number = Number(text.slice(1));
  return number < 2 ** 32 ? number : null;
}

/** The text as a sale id, or null if it is none. */
export function parseSaleId(text: string): SaleId | null {
  return saleNumber(text) === null ? null : (text as SaleId);
}

/** The text as a buyer id: 1 to 128 printable ASCII characters, no space; else null. */
export function parseBuyerId(text: string): BuyerId | null {
  const fits = text.length <= limits.buyerIdMaxLength && /^[\x21-\x7e]+$/.test(text);
  return fits ? (text as BuyerId) : null;
}

/** The bucket that a buyer always asks: FNV-1a over the id's characters, so that it is the same in
 * every process. */
export function homeBucket(buyerId: BuyerId, buckets: number): number {
  if (buckets === 1) return 0;
  let hash = 0x811c9dc5;
  for (let at = 0; at < buyerId.length; at += 1) {
    hash = Math.imul(hash ^ buyerId.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0) % buckets;
}

export interface OrderRoute {
  readonly reservedAt: Instant;
  readonly saleId: SaleId;
  readonly bucket: number;
  readonly epoch: Epoch;
  /** Counts the reservations of one bucket under one epoch; wraps at 2²⁴ within one millisecond
   * never. */
  readonly sequence: number;
}

export function orderIdOf(route: OrderRoute): OrderId {
  const place = Number(route.saleId.slice(1)) * 2 ** 8 + route.bucket;
  const count = route.epoch * 2 ** 24 + (route.sequence % 2 ** 24);
  return (timeText(route.reservedAt) + text40(place) + text40(count)) as OrderId;
}

/** Where an order's reservation was made, or null if the text is no order id. */
export function routeOf(text: string): OrderRoute | null {
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)) return null;
  const place = number40(text.slice(10, 18));
  const count = number40(text.slice(18));
  const sale = Math.floor(place / 2 ** 8);
  if (sale === 0) return null;
  return {
    reservedAt: instant(number40(text.slice(0, 2)) * 2 ** 40 + number40(text.slice(2, 10))),
    saleId: saleIdOf(sale),
    bucket: place % 2 ** 8,
    epoch: epoch(Math.floor(count / 2 ** 24)),
    sequence: count % 2 ** 24,
  };
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const pairs = Array.from(
  { length: 1024 },
  (_, n) => `${alphabet[n >> 5] ?? ""}${alphabet[n & 31] ?? ""}`,
);
/** By character code. */
const digits = new Uint8Array(128);
for (let digit = 0; digit < 32; digit += 1) digits[alphabet.charCodeAt(digit)] = digit;

/** The last time written, since thousands of ids share a millisecond. */
let lastTime = { at: -1, text: "" };

function timeText(at: number): string {
  if (lastTime.at !== at) {
    const high = Math.floor(at / 2 ** 40);
    lastTime = { at, text: (pairs[high] ?? "") + text40(at - high * 2 ** 40) };
  }
  return lastTime.text;
}

function text40(n: number): string {
  const high = Math.floor(n / 2 ** 20);
  const low = n - high * 2 ** 20;
  const a = pairs[high >> 10];
  const b = pairs[high & 1023];
  const c = pairs[low >> 10];
  const d = pairs[low & 1023];
  return `${a}${b}${c}${d}`;
}

function number40(text: string): number {
  let n = 0;
  for (let at = 0; at < text.length; at += 1) n = n * 32 + (digits[text.charCodeAt(at)] ?? 0);
  return n;
}
