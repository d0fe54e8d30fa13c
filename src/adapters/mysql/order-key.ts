/** Order ids as keys: 16 bytes with the sale in front, so that a sale's orders are neighbours. */
import { hash } from "node:crypto";
import {
  epoch,
  instant,
  type OrderId,
  type OrderRoute,
  orderIdOf,
  type RequestKey,
  routeOf,
  type SaleId,
  saleIdOf,
  saleNumber,
} from "../../domain/ids.ts";
import { present } from "../../lib/assert.ts";

export function orderKey(orderId: OrderId): Buffer {
  const route = present(routeOf(orderId), `not an order id: ${orderId}`);
  const key = Buffer.allocUnsafe(16);
  key.writeUInt32BE(numberOf(route.saleId), 0);
  key.writeUIntBE(route.reservedAt, 4, 6);
  key.writeUInt8(route.bucket, 10);
  key.writeUInt16BE(route.epoch, 11);
  key.writeUIntBE(route.sequence, 13, 3);
  return key;
}

/** The order id in a key, and what it says. */
export function routeOfKey(key: Buffer): OrderRoute & { readonly orderId: OrderId } {
  const route = {
    saleId: saleIdOf(key.readUInt32BE(0)),
    reservedAt: instant(key.readUIntBE(4, 6)),
    bucket: key.readUInt8(10),
    epoch: epoch(key.readUInt16BE(11)),
    sequence: key.readUIntBE(13, 3),
  };
  return { ...route, orderId: orderIdOf(route) };
}

/** Before and after every key of a sale. */
export function keyRange(saleId: SaleId): { readonly first: Buffer; readonly last: Buffer } {
  const first = Buffer.alloc(16);
  const last = Buffer.alloc(16, 0xff);
  for (const key of [first, last]) key.writeUInt32BE(numberOf(saleId), 0);
  return { first, last };
}

export function numberOf(saleId: SaleId): number {
  return present(saleNumber(saleId), `not a sale id: ${saleId}`);
}

export function liveKey(requestKey: RequestKey): Buffer {
  return hash("sha256", requestKey, "buffer").subarray(0, 16);
}
