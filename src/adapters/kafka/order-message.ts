/** An order as a message: its reservation as JSON, with CloudEvents' attributes as headers (binary
 *  content mode of the Kafka protocol binding, CloudEvents 1.0). */
import { isUtf8 } from "node:buffer";
import type { Instant, OrderId } from "../../domain/ids.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { LoggedOrder } from "../../ports/order-log.ts";
import { asOrderId, parseOrderId, parseReservation } from "../shared/reservation-json.ts";
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
    this.order = versionOf(fields) === version ? parseReservation(fields) : null;
    this.orderId = this.order?.orderId ?? (parseOrderId(fields) || idOf(message));
  }

  raw(): string {
    return this.value?.toString() ?? "";
  }
}

/** Null for what is no JSON. Bytes that are no UTF-8 would be read as other characters than were
 * written, so they are not read at all. */
function parsed(value: Buffer | null): unknown {
  if (value === null || !isUtf8(value)) return null;
  try {
    return JSON.parse(value.toString());
  } catch {
    return null;
  }
}

function versionOf(fields: unknown): unknown {
  return typeof fields === "object" && fields !== null && "v" in fields ? fields.v : null;
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
