/** An order as a message: its reservation as JSON, with CloudEvents' attributes as headers (binary
 *  content mode of the Kafka protocol binding, CloudEvents 1.0). */
import {
  epoch,
  type Instant,
  instant,
  type OrderId,
  parseBuyerId,
  parseSaleId,
  routeOf,
  units,
} from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { parseRequestKey } from "../../domain/request-key.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { LoggedOrder } from "../../ports/order-log.ts";
import { encodeHeaders, type RecordBody } from "./record-batch.ts";
import { varintLength, writeVarint } from "./varint.ts";

/** A reader refuses what it does not know, so raise it only for what older readers must not read:
 *  a field more is ignored by them. */
const version = 1;

const idHeader = "ce_id";
const sharedHeaders = encodeHeaders([
  ["ce_specversion", "1.0"],
  ["ce_type", "doorbuster.order.accepted"],
  ["ce_source", "/doorbuster"],
  ["content-type", "application/json"],
]);
const idName = encodeHeaders([[idHeader, ""]]).subarray(0, -1);
const timeName = encodeHeaders([["ce_time", ""]]).subarray(0, -1);
const headerCount = 6;

/** Key, value and headers of an order's message. */
export function encodeOrder(order: Reservation): RecordBody {
  const { orderId, saleId, epoch, buyerId, requestKey, fingerprint, quantity, reservedAt } = order;
  // Ids of ours are plain; only what clients chose may have to be escaped.
  const chosen =
    `"buyerId":${JSON.stringify(buyerId)},"requestKey":${JSON.stringify(requestKey)},` +
    `"fingerprint":${JSON.stringify(fingerprint)}`;
  const value =
    `{"v":${version},"orderId":"${orderId}","saleId":"${saleId}","epoch":${epoch},` +
    `${chosen},"quantity":${quantity},"reservedAt":${reservedAt}}`;
  const time = isoTime(reservedAt);
  const body = Buffer.allocUnsafe(
    sizedLength(buyerId) +
      sizedLength(value) +
      1 +
      sharedHeaders.length +
      idName.length +
      sizedLength(orderId) +
      timeName.length +
      sizedLength(time),
  );
  let at = writeSized(body, buyerId, 0);
  at = writeSized(body, value, at);
  at = writeVarint(body, headerCount, at);
  at += sharedHeaders.copy(body, at);
  at += idName.copy(body, at);
  at = writeSized(body, orderId, at);
  at += timeName.copy(body, at);
  writeSized(body, time, at);
  return body;
}

/** A message as it was fetched. */
export interface FetchedMessage {
  readonly partition: number;
  readonly offset: number;
  readonly producedAt: Instant;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[];
}

/** What the consumer delivers: keeps the message's bytes, for a dead letter to hold. */
export class OrderMessage implements LoggedOrder {
  readonly partition: number;
  readonly offset: number;
  readonly producedAt: Instant;
  readonly order: Reservation | null;
  readonly orderId: OrderId | null;
  readonly key: Buffer | null;
  readonly value: Buffer | null;

  constructor(message: FetchedMessage) {
    this.partition = message.partition;
    this.offset = message.offset;
    this.producedAt = message.producedAt;
    this.key = message.key;
    this.value = message.value;
    const fields = parsed(message.value);
    this.order = fields === null ? null : reservationOf(fields);
    this.orderId = this.order?.orderId ?? (asOrderId(fields?.orderId) || idOf(message));
  }

  raw(): string {
    return this.value?.toString() ?? "";
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(value: Buffer | null): Fields | null {
  if (value === null) return null;
  try {
    const fields: unknown = JSON.parse(value.toString());
    return typeof fields === "object" && fields !== null ? (fields as Fields) : null;
  } catch {
    return null;
  }
}

/** Null unless every field is what it must be, and the order id agrees with the others. */
function reservationOf(fields: Fields): Reservation | null {
  const { orderId } = fields;
  const route = typeof orderId === "string" ? routeOf(orderId) : null;
  const saleId = asText(fields.saleId, parseSaleId);
  const buyerId = asText(fields.buyerId, parseBuyerId);
  const requestKey = asText(fields.requestKey, requestKeyOf);
  const { v, fingerprint, quantity, reservedAt } = fields;
  if (v !== version || route === null) return null;
  if (saleId === null || buyerId === null || requestKey === null) return null;
  if (typeof fingerprint !== "string" || !isWhole(reservedAt, 0, maxInstant)) return null;
  if (!isWhole(quantity, 1, limits.quantityMax)) return null;
  if (route.saleId !== saleId || route.epoch !== fields.epoch) return null;
  return {
    ...{ orderId: orderId as OrderId, saleId, buyerId, requestKey, fingerprint },
    epoch: epoch(route.epoch),
    quantity: units(quantity),
    reservedAt: instant(reservedAt),
  };
}

/** The end of the times that a `Date` can tell. */
const maxInstant = 8_640_000_000_000_000;

/** Quotes are part of a key that was parsed before. */
function requestKeyOf(text: string) {
  const key = parseRequestKey(`"${text}"`);
  return key.ok ? key.value : null;
}

function asText<T>(value: unknown, parse: (text: string) => T | null): T | null {
  return typeof value === "string" ? parse(value) : null;
}

function asOrderId(value: unknown): OrderId | null {
  return typeof value === "string" && routeOf(value) !== null ? (value as OrderId) : null;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** For a message whose value cannot be read. */
function idOf({ headers }: FetchedMessage): OrderId | null {
  const header = headers.find(([name]) => name?.toString() === idHeader);
  return asOrderId(header?.[1]?.toString());
}

/** The last time written: thousands of orders share a millisecond. */
let lastTime = { at: Number.NaN, text: "" };

function isoTime(at: number): string {
  if (lastTime.at !== at) lastTime = { at, text: new Date(at).toISOString() };
  return lastTime.text;
}

function sizedLength(text: string): number {
  const length = Buffer.byteLength(text);
  return varintLength(length) + length;
}

function writeSized(target: Buffer, text: string, start: number): number {
  const length = Buffer.byteLength(text);
  const at = writeVarint(target, length, start);
  target.write(text, at, length);
  return at + length;
}
