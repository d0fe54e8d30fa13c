/** Sells units of one sale to one buyer: reserve first, because stock is the scarce thing; append
 * next, because the log is what survives us. A retry with the same request key finds its
 * reservation and gets the same order; while that is still pending it is appended again, since
 * nobody knows whether the first append arrived. */
import {
  type BuyerId,
  type Instant,
  type OrderId,
  type RequestKey,
  routeOf,
  type SaleId,
  type Units,
} from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Reservation, ReserveOutcome, ReserveRefusal } from "../domain/reservation.ts";
import { type Sale, stateAt } from "../domain/sale.ts";
import { present } from "../lib/assert.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { StaleToken, StockUnavailable } from "../ports/stock-store.ts";
import type { PurchaseBatches } from "./purchase-batches.ts";

export interface PurchaseCommand {
  readonly sale: Sale;
  readonly buyerId: BuyerId;
  readonly requestKey: RequestKey;
  readonly fingerprint: string;
  readonly quantity: Units;
}

/** `accepted`: in the order log, for good. `reserved`: stock is taken, the log has not answered
 * in time. */
export interface PurchasedOrder {
  readonly id: OrderId;
  readonly saleId: SaleId;
  readonly quantity: Units;
  readonly status: "accepted" | "reserved";
  readonly acceptedAt: Instant;
  /** Whether the request key had been seen before. */
  readonly repeated: boolean;
}

export type PurchaseRefusal = Exclude<ReserveRefusal, "pending-full" | "key-reused">;

export interface PurchaseError {
  readonly code:
    | PurchaseRefusal
    | "idempotency-key-reused"
    | "overloaded"
    | "stock-unavailable"
    | "outcome-unknown";
  readonly detail: string;
}

export interface PurchaseDeps {
  readonly batches: PurchaseBatches;
  readonly clock: Clock;
}

export async function purchase(
  deps: PurchaseDeps,
  command: PurchaseCommand,
): Promise<Result<PurchasedOrder, PurchaseError>> {
  const startedAt = deps.clock.elapsed();
  const outcome = await reserve(deps, command);
  if (!outcome.ok) return outcome;
  switch (outcome.value.kind) {
    case "reserved":
      if (outcome.value.placed) return ok(inLedger(deps, outcome.value.order));
      return ok(await accept(deps, outcome.value.order, false, startedAt));
    case "same": {
      const order = reservationOf(command, outcome.value.orderId);
      if (!outcome.value.pending) return ok(purchased(order, "accepted", true));
      return ok(await accept(deps, order, true, startedAt));
    }
    default:
      return err(refusals[outcome.value.kind]);
  }
}

/** What was sold from the ledger is placed for good. The log hears of it for those who read it; the
 * ledger drops it as a duplicate. */
function inLedger(deps: PurchaseDeps, order: Reservation): PurchasedOrder {
  deps.batches.appendLater(order);
  return purchased(order, "accepted", false);
}

async function accept(
  deps: PurchaseDeps,
  order: Reservation,
  repeated: boolean,
  startedAt: number,
): Promise<PurchasedOrder> {
  const appended = await append(deps, order, startedAt);
  return purchased(order, appended ? "accepted" : "reserved", repeated);
}

function purchased(
  order: Reservation,
  status: PurchasedOrder["status"],
  repeated: boolean,
): PurchasedOrder {
  const { orderId: id, saleId, quantity, reservedAt: acceptedAt } = order;
  return { id, saleId, quantity, status, acceptedAt, repeated };
}

async function reserve(
  deps: PurchaseDeps,
  command: PurchaseCommand,
): Promise<Result<ReserveOutcome, PurchaseError>> {
  try {
    const decision = await deps.batches.reserve(command.sale, command);
    if (decision.ok) return decision;
    if (decision.error.code === "overloaded") return err(tooMany);
    if (decision.error.code === "outcome-unknown") return err(unknownOutcome);
    return err(notThere(deps, command.sale, decision.error));
  } catch {
    return err(unknownOutcome);
  }
}

/** True once the log has the order; false if that is not known in time. Never a failure: stock
 * was taken. An answer of the log counts only within the append deadline of the whole purchase: a
 * rebuild waits no longer, and this process may have been paused in the middle. */
function append(deps: PurchaseDeps, order: Reservation, startedAt: number): Promise<boolean> {
  const waited = () => deps.clock.elapsed() - startedAt;
  return new Promise((resolve) => {
    const left = Math.max(0, limits.answerDeadlineMs - waited());
    const cancel = deps.batches.deadline(left, () => resolve(false));
    const answer = (appended: boolean) => {
      cancel();
      resolve(appended && waited() < limits.appendDeadlineMs);
    };
    deps.batches.append(order).then(
      (appended) => answer(appended.ok),
      () => answer(false),
    );
  });
}

/** Stock that is not there belongs to a sale that is not open yet, or is a fault. */
function notThere(
  deps: PurchaseDeps,
  sale: Sale,
  { detail }: StockUnavailable | StaleToken,
): PurchaseError {
  if (stateAt(sale, deps.clock.now()) === "scheduled") return refusals["sale-not-open"];
  return { code: "stock-unavailable", detail };
}

function reservationOf(command: PurchaseCommand, orderId: OrderId): Reservation {
  const route = present(routeOf(orderId), `stock store made a bad order id: ${orderId}`);
  const { buyerId, requestKey, fingerprint, quantity } = command;
  const { saleId, epoch, reservedAt } = route;
  return { orderId, saleId, epoch, buyerId, requestKey, fingerprint, quantity, reservedAt };
}

const tooMany: PurchaseError = {
  code: "overloaded",
  detail: "too many purchases are waiting; try again with the same Idempotency-Key",
};

const unknownOutcome: PurchaseError = {
  code: "outcome-unknown",
  detail: "the stock did not answer; try again with the same Idempotency-Key",
};

const refusals: Record<ReserveRefusal, PurchaseError> = {
  "key-reused": {
    code: "idempotency-key-reused",
    detail: "this Idempotency-Key was used with another quantity; use a new key for a new order",
  },
  "sale-not-open": { code: "sale-not-open", detail: "the sale has not opened yet" },
  "sale-paused": { code: "sale-paused", detail: "the sale is paused; try again later" },
  "sale-ended": { code: "sale-ended", detail: "the sale has ended" },
  "buyer-limit-reached": {
    code: "buyer-limit-reached",
    detail: "this order would exceed the units one buyer may have of this sale",
  },
  "pending-full": {
    code: "overloaded",
    detail: "orders are waiting for the ledger; try again with the same Idempotency-Key",
  },
  "sold-out": { code: "sold-out", detail: "not enough units are left" },
};
