/** The refusals of the use cases as answers. The status of each is in the registry of problems;
 *  the switch makes sure that a new one cannot be forgotten here. */
import { unreachable } from "../lib/assert.ts";
import type { ChangeSaleError } from "../usecases/change-sale.ts";
import type { PurchaseError } from "../usecases/purchase.ts";
import type { RestockError } from "../usecases/restock.ts";
import { problem } from "./problem.ts";
import { retryAfterSeconds } from "./retry-after.ts";

export type UseCaseError = ChangeSaleError | RestockError | PurchaseError;

export function refusal({ code, detail }: UseCaseError, random: () => number): Response {
  switch (code) {
    case "invalid-request":
    case "sale-not-found":
    case "sold-out":
    case "buyer-limit-reached":
    case "sale-not-open":
    case "sale-paused":
    case "sale-ended":
    case "invalid-transition":
    case "version-conflict":
    case "idempotency-key-reused":
      return problem(code, detail);
    case "stock-unavailable":
    case "overloaded":
    case "outcome-unknown":
      return problem(code, detail, { headers: { "retry-after": soon(random) } });
    default:
      return unreachable(code);
  }
}

function soon(random: () => number): string {
  return String(retryAfterSeconds(0, random));
}
