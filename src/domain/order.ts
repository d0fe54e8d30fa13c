/** An order after its reservation: reserved → placed | refused. `reserved` is not stored in the
 * ledger: it is what an order reads as until the ledger has decided. Only the ledger decides,
 * and it decides once per order id. */
import type { Epoch, Instant, Units } from "./ids.ts";
import type { Reservation } from "./reservation.ts";

export type OrderStatus = "reserved" | "placed" | "refused";

/** Why the ledger refused: no units left there; the buyer's limit; the request key already has a
 * live order; the reservation's stock was rebuilt without it; the message could not be
 * understood. */
export type RefusalReason =
  | "no-room"
  | "buyer-limit"
  | "duplicate-request-key"
  | "reservation-lost"
  | "poison";

export interface Order extends Reservation {
  readonly status: OrderStatus;
  readonly placedAt: Instant | null;
  readonly reason: RefusalReason | null;
}

/** What the ledger knows when it decides about an order that it has not seen before. */
export interface PlacementFacts {
  readonly total: Units;
  readonly sold: Units;
  readonly minEpoch: Epoch;
  readonly perBuyerLimit: Units;
  /** Units the buyer holds in live orders of the sale. */
  readonly buyerUnits: Units;
  /** Whether a live order already has the buyer's request key. */
  readonly keyTaken: boolean;
}

export type Placement =
  | { readonly status: "placed" }
  | { readonly status: "refused"; readonly reason: RefusalReason };

export function decidePlacement(order: Reservation, facts: PlacementFacts): Placement {
  if (order.epoch < facts.minEpoch) return refused("reservation-lost");
  if (facts.keyTaken) return refused("duplicate-request-key");
  if (facts.buyerUnits + order.quantity > facts.perBuyerLimit) return refused("buyer-limit");
  if (facts.sold + order.quantity > facts.total) return refused("no-room");
  return { status: "placed" };
}

/** An order the ledger does not have yet, as its buyer sees it. */
export function asReserved(reservation: Reservation): Order {
  return { ...reservation, status: "reserved", placedAt: null, reason: null };
}

function refused(reason: RefusalReason): Placement {
  return { status: "refused", reason };
}
