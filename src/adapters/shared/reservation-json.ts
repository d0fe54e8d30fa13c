/** Reservations as the order logs write them: JSON, and nothing is believed when it is read. */
import {
  type BuyerId,
  type OrderId,
  type RequestKey,
  routeOf,
  type Units,
} from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Reservation } from "../../domain/reservation.ts";

/** The order id in a message, if at least that can be read. */
export function parseOrderId(value: unknown): OrderId | null {
  if (typeof value !== "object" || value === null || !("orderId" in value)) return null;
  const { orderId } = value;
  return isText(orderId) && routeOf(orderId) !== null ? (orderId as OrderId) : null;
}

/** The reservation in a message, or null if it is none. */
export function parseReservation(value: unknown): Reservation | null {
  if (typeof value !== "object" || value === null) return null;
  const { orderId, buyerId, requestKey, fingerprint, quantity } = value as Record<string, unknown>;
  if (!isText(orderId) || !isText(buyerId) || !isText(requestKey)) return null;
  if (!isText(fingerprint) || !isQuantity(quantity)) return null;
  const route = routeOf(orderId);
  if (route === null) return null;
  return {
    orderId: orderId as OrderId,
    saleId: route.saleId,
    epoch: route.epoch,
    buyerId: buyerId as BuyerId,
    requestKey: requestKey as RequestKey,
    fingerprint,
    quantity: quantity as Units,
    reservedAt: route.reservedAt,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0;
}

function isQuantity(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= limits.quantityMax;
}
