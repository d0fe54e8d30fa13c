/** What is stored of buyers and orders, packed: ten million of them have to fit. Buyers and keys
 * are chosen by strangers, so they are told apart by pieces of SHA-256 too long to be made to
 * collide with somebody else's. The layouts are those of scripts/prelude.lua. */
import {
  type BuyerId,
  epoch,
  instant,
  type OrderId,
  orderIdOf,
  type RequestKey,
  routeOf,
  type SaleId,
  units,
} from "../../domain/ids.ts";
import type { HeldOrder, Reservation, ReserveRequest } from "../../domain/reservation.ts";
import { assert, present } from "../../lib/assert.ts";
import { recent } from "../../lib/recent.ts";

const buyerBytes = 12;
const keyBytes = 10;
const fingerprintBytes = 4;
const markBytes = 12;
const headBytes = 30;
const recordBytes = 40;

/** What stands between the parts of a text, none of which can hold it. */
const separator = "\0";
/** Redis looks through small hashes entry by entry, unless one of their values is longer than 64
 * bytes. */
const textMinLength = 65;

export function buyerField(buyerId: BuyerId): Buffer {
  return Buffer.from(digest(buyerId).subarray(0, buyerBytes));
}

/** The requests of one batch: heads of 30 bytes each, and their texts, which are ASCII. */
export function packRequests(requests: readonly ReserveRequest[]): {
  readonly heads: Buffer;
  readonly texts: Buffer;
} {
  const heads = Buffer.alloc(requests.length * headBytes);
  let texts = "";
  requests.forEach(({ buyerId, requestKey, fingerprint, quantity }, place) => {
    const at = place * headBytes;
    digest(buyerId).copy(heads, at, 0, buyerBytes);
    digest(requestKey).copy(heads, at + 12, 0, keyBytes);
    fingerprintHash(fingerprint).copy(heads, at + 22);
    heads.writeUInt16BE(quantity, at + 26);
    const parts = buyerId + separator + requestKey + separator + fingerprint;
    const text = String.fromCharCode(quantity >> 8, quantity & 0xff) + parts;
    const padded = text.padEnd(textMinLength, separator);
    heads.writeUInt16BE(padded.length, at + 28);
    texts += padded;
  });
  return { heads, texts: Buffer.from(texts, "latin1") };
}

/** Live orders of the ledger as `hold` takes them. */
export function packHeld(orders: readonly HeldOrder[]): Buffer {
  const packed = Buffer.alloc(orders.length * recordBytes);
  orders.forEach(({ buyerId, requestKey, fingerprint, orderId, quantity }, place) => {
    const at = place * recordBytes;
    digest(buyerId).copy(packed, at, 0, buyerBytes);
    digest(requestKey).copy(packed, at + 12, 0, keyBytes);
    fingerprintHash(fingerprint).copy(packed, at + 22);
    packed.writeUInt16BE(quantity, at + 26);
    present(markOf(orderId), `no order id: ${orderId}`).copy(packed, at + 28);
  });
  return packed;
}

/** The order's id but for its sale; null if the text is no order id. */
export function markOf(orderId: OrderId): Buffer | null {
  const route = routeOf(orderId);
  if (route === null) return null;
  const mark = Buffer.alloc(markBytes);
  mark.writeUIntBE(route.reservedAt, 0, 6);
  mark.writeUInt8(route.bucket, 6);
  mark.writeUInt16BE(route.epoch, 7);
  mark.writeUIntBE(route.sequence, 9, 3);
  return mark;
}

export function bucketOfMark(mark: Buffer): number {
  return mark.readUInt8(6);
}

export function orderIdOfMark(saleId: SaleId, mark: Buffer): OrderId {
  return orderIdOf({
    saleId,
    reservedAt: instant(mark.readUIntBE(0, 6)),
    bucket: bucketOfMark(mark),
    epoch: epoch(mark.readUInt16BE(7)),
    sequence: mark.readUIntBE(9, 3),
  });
}

/** A pending reservation from its mark and what is kept with it: quantity 2 bytes, then the text
 * that came with its request. */
export function unpackReservation(saleId: SaleId, mark: Buffer, known: Buffer): Reservation {
  const [buyerId, requestKey, fingerprint] = known.toString("latin1", 2).split(separator);
  assert(fingerprint !== undefined, `what is pending of ${saleId} cannot be read`);
  return {
    orderId: orderIdOfMark(saleId, mark),
    saleId,
    epoch: epoch(mark.readUInt16BE(7)),
    buyerId: buyerId as BuyerId,
    requestKey: requestKey as RequestKey,
    fingerprint,
    quantity: units(known.readUInt16BE(0)),
    reservedAt: instant(mark.readUIntBE(0, 6)),
  };
}

/** There are few different ones, so they are hashed once. */
const fingerprints = recent<string, Buffer>(1_000);

function fingerprintHash(fingerprint: string): Buffer {
  const known = fingerprints.get(fingerprint);
  if (known !== undefined) return known;
  const hash = Buffer.from(digest(fingerprint).subarray(0, fingerprintBytes));
  fingerprints.set(fingerprint, hash);
  return hash;
}

/** To be copied before the next one is asked for: one buffer serves all of them, since two for each
 * purchase would keep the collector busy. */
function digest(text: string): Buffer {
  Bun.SHA256.hash(text, digested);
  return digested;
}

const digested = Buffer.alloc(32);
