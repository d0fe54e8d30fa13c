/** The refusals of the use cases as answers. The status of each is in the registry of problems;
 *  the switch makes sure that a new one cannot be forgotten here. */
import type { ProblemCode } from "../domain/errors.ts";
import { unreachable } from "../lib/assert.ts";
import type { ChangeSaleError } from "../usecases/change-sale.ts";
import type { PurchaseError } from "../usecases/purchase.ts";
import type { RestockError } from "../usecases/restock.ts";
import { type PreparedProblem, preparedProblem, problem } from "./problem.ts";
import { retryAfterSeconds } from "./retry-after.ts";

export type UseCaseError = ChangeSaleError | RestockError | PurchaseError;

export function refusal(error: UseCaseError, random: () => number): Response {
  const { code, detail } = error;
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
      return prepared(error, code)();
    case "stock-unavailable":
    case "overloaded":
    case "outcome-unknown":
      return problem(code, detail, { headers: { "retry-after": soon(random) } });
    default:
      return unreachable(code);
  }
}

const known = new WeakMap<UseCaseError, PreparedProblem>();

/** A sale that is sold out refuses with the same object again and again. */
function prepared(error: UseCaseError, code: ProblemCode): PreparedProblem {
  const before = known.get(error);
  if (before !== undefined) return before;
  const built = preparedProblem(code, error.detail);
  known.set(error, built);
  return built;
}

function soon(random: () => number): string {
  return String(retryAfterSeconds(0, random));
}
