/** Reservations as the order logs write them: JSON, and nothing is believed when it is read. */
import {
  epoch,
  type OrderId,
  parseBuyerId,
  parseSaleId,
  routeOf,
  units,
} from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { isFingerprint, parseRequestKey } from "../../domain/request-key.ts";
import type { Reservation } from "../../domain/reservation.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The order id in a message, if at least that can be read. */
export function parseOrderId(value: unknown): OrderId | null {
  return isFields(value) ? asOrderId(value.orderId) : null;
}

/** The text as an order id, or null if it is none. */
export function asOrderId(value: unknown): OrderId | null {
  return typeof value === "string" && routeOf(value) !== null ? (value as OrderId) : null;
}

/** The reservation in a message. Null unless every field is what it must be, and the order id
 * agrees with the others: a row that a ledger cannot take would hold up all that come after it. */
export function parseReservation(value: unknown): Reservation | null {
  if (!isFields(value)) return null;
  const { orderId, fingerprint, quantity } = value;
  const route = typeof orderId === "string" ? routeOf(orderId) : null;
  const saleId = asText(value.saleId, parseSaleId);
  const buyerId = asText(value.buyerId, parseBuyerId);
  const requestKey = asText(value.requestKey, requestKeyOf);
  if (route === null || saleId === null || buyerId === null || requestKey === null) return null;
  if (typeof fingerprint !== "string" || !isFingerprint(fingerprint)) return null;
  if (!isQuantity(quantity) || route.saleId !== saleId) return null;
  if (route.epoch !== value.epoch || route.reservedAt !== value.reservedAt) return null;
  return {
    ...{ orderId: orderId as OrderId, saleId, buyerId, requestKey, fingerprint },
    epoch: epoch(route.epoch),
    quantity: units(quantity),
    reservedAt: route.reservedAt,
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

/** Quotes are part of a key that was parsed before. */
function requestKeyOf(text: string) {
  const key = parseRequestKey(`"${text}"`);
  return key.ok ? key.value : null;
}

function asText<T>(value: unknown, parse: (text: string) => T | null): T | null {
  return typeof value === "string" ? parse(value) : null;
}

function isQuantity(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= limits.quantityMax;
}
