/** How buyers, keys and orders are written in Redis: fixed widths, so that a script finds them by
 * position. Buyers and request keys are told apart by truncated SHA-256, since clients choose
 * them. */
import { hash } from "node:crypto";
import {
  type BuyerId,
  type Epoch,
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

const buyerBytes = 12;
const keyBytes = 10;
const printBytes = 4;
const headBytes = buyerBytes + keyBytes + printBytes + 2;
/** Key, the id's own part, quantity, fingerprint. */
export const entryBytes = keyBytes + 11 + 2 + printBytes;
export const heldBytes = buyerBytes + entryBytes;

const separator = "\0";

/** The place of a sale's bucket, which ids of orders have in common. */
export interface Place {
  readonly saleId: SaleId;
  readonly bucket: number;
}

export function buyerField(buyerId: BuyerId): Buffer {
  return hash("sha256", buyerId, "buffer").subarray(0, buyerBytes);
}

/** What the script reads of each request, in a row. */
export function packHeads(requests: readonly ReserveRequest[]): Buffer {
  const heads = Buffer.allocUnsafe(requests.length * headBytes);
  requests.forEach(({ buyerId, requestKey, fingerprint, quantity }, at) => {
    const from = at * headBytes;
    buyerField(buyerId).copy(heads, from);
    writeKey(heads, from + buyerBytes, requestKey);
    writePrint(heads, from + buyerBytes + keyBytes, fingerprint);
    heads.writeUInt16BE(quantity, from + headBytes - 2);
  });
  return heads;
}

/** What is needed to append the order again. */
export function packDetails({ buyerId, requestKey, fingerprint }: ReserveRequest): string {
  return buyerId + separator + requestKey + separator + fingerprint;
}

/** A live order of the ledger, with its buyer in front. */
export function packHeld(orders: readonly HeldOrder[]): Buffer {
  const all = Buffer.allocUnsafe(orders.length * heldBytes);
  orders.forEach(({ buyerId, requestKey, orderId, quantity, fingerprint }, at) => {
    const from = at * heldBytes;
    buyerField(buyerId).copy(all, from);
    writeKey(all, from + buyerBytes, requestKey);
    idPart(orderId).copy(all, from + buyerBytes + keyBytes);
    all.writeUInt16BE(quantity, from + buyerBytes + keyBytes + 11);
    writePrint(all, from + heldBytes - printBytes, fingerprint);
  });
  return all;
}

/** What tells an order's id from the others of its bucket: time, epoch, sequence. */
export function idPart(orderId: OrderId): Buffer {
  const route = present(routeOf(orderId), `not an order id: ${orderId}`);
  const part = Buffer.allocUnsafe(11);
  part.writeUIntBE(route.reservedAt, 0, 6);
  part.writeUInt16BE(route.epoch, 6);
  part.writeUIntBE(route.sequence, 8, 3);
  return part;
}

export function orderIdFrom(part: Buffer, { saleId, bucket }: Place): OrderId {
  return orderIdOf({
    reservedAt: instant(part.readUIntBE(0, 6)),
    saleId,
    bucket,
    epoch: epoch(part.readUInt16BE(6)),
    sequence: part.readUIntBE(8, 3),
  });
}

/** Names a pending reservation within its bucket. */
export function markOf(orderId: OrderId): string {
  const route = present(routeOf(orderId), `not an order id: ${orderId}`);
  return `${route.epoch}:${route.sequence}`;
}

/** A pending reservation from its mark and what the script has kept of it. */
export function unpackPending(mark: Buffer, known: Buffer, place: Place): Reservation {
  const [madeUnder = "", sequence = ""] = mark.toString("latin1").split(":");
  const reservedAt = instant(known.readUIntBE(0, 6));
  const quantity = units(known.readUInt16BE(6));
  const details = known.toString("latin1", 9).split(separator);
  assert(details.length === 3, `a pending order of ${place.saleId} cannot be read`);
  const [buyerId, requestKey, fingerprint] = details as [BuyerId, RequestKey, string];
  const at: Epoch = epoch(Number(madeUnder));
  const route = { ...place, reservedAt, epoch: at, sequence: Number(sequence) };
  const { saleId } = place;
  const orderId = orderIdOf(route);
  return { orderId, saleId, epoch: at, buyerId, requestKey, fingerprint, quantity, reservedAt };
}

function writeKey(target: Buffer, at: number, requestKey: RequestKey): void {
  hash("sha256", requestKey, "buffer").copy(target, at, 0, keyBytes);
}

/** Few fingerprints are many orders'. */
const prints = new Map<string, Buffer>();
const printsMax = 10_000;

function writePrint(target: Buffer, at: number, fingerprint: string): void {
  let print = prints.get(fingerprint);
  if (print === undefined) {
    print = hash("sha256", fingerprint, "buffer").subarray(0, printBytes);
    if (prints.size < printsMax) prints.set(fingerprint, print);
  }
  print.copy(target, at);
}
