/** An accepted order as a Kafka message: JSON under CloudEvents 1.0 headers (Kafka protocol
 * binding, binary mode), keyed by buyer. */
import { type Instant, instant } from "../../domain/ids.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { LoggedOrder } from "../../ports/order-log.ts";
import { parseOrderId, parseReservation } from "../shared/reservation-json.ts";

export type Headers = Map<Buffer, Buffer>;

export interface Message {
  readonly topic: string;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Headers;
}

const bytes = (text: string) => Buffer.from(text);
const idHeader = bytes("ce_id");

/** The same in every message. `time` is left to the record, which has it from the broker. */
const constant: readonly (readonly [Buffer, Buffer])[] = [
  [bytes("ce_specversion"), bytes("1.0")],
  [bytes("ce_type"), bytes("doorbuster.order.accepted")],
  [bytes("ce_source"), bytes("/doorbuster/api")],
  [bytes("content-type"), bytes("application/json")],
];

export function messageOf(topic: string, order: Reservation): Message {
  const { orderId, buyerId, requestKey, fingerprint, quantity } = order;
  const value = JSON.stringify({ orderId, buyerId, requestKey, fingerprint, quantity });
  const headers: Headers = new Map(constant);
  headers.set(idHeader, bytes(orderId));
  return { topic, key: bytes(buyerId), value: bytes(value), headers };
}

export interface Received {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestamp: bigint;
  readonly value: Buffer;
}

/** Everything an order needs is in its id and these fields; what is missing makes it poison. */
export function loggedOrder({ partition, offset, timestamp, value }: Received): LoggedOrder {
  const json = parsed(value);
  const producedAt: Instant = instant(Number(timestamp));
  return {
    partition,
    offset: Number(offset),
    producedAt,
    order: parseReservation(json),
    orderId: parseOrderId(json),
    raw: () => value.toString(),
  };
}

function parsed(value: Buffer | null | undefined): unknown {
  try {
    return value == null ? null : JSON.parse(value.toString());
  } catch {
    return null;
  }
}
