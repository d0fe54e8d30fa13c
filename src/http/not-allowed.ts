/** The answers to those who may not buy just now: denied, over a rate, or nobody can tell. */
import { unreachable } from "../lib/assert.ts";
import type { NotAllowed } from "../usecases/admit.ts";
import type { AppDeps } from "./app-deps.ts";
import { preparedProblem, problem } from "./problem.ts";
import { rateLimitedAnswers } from "./rate-limited.ts";
import { retryAfterSeconds } from "./retry-after.ts";

export function notAllowedAnswers(
  deps: Pick<AppDeps, "metrics" | "random" | "clock">,
): (refused: NotAllowed) => Response {
  const rateLimited = rateLimitedAnswers(deps);
  return (refused) => {
    switch (refused.kind) {
      case "denied":
        deps.metrics.accessDenied();
        return denied();
      case "away":
        return away(deps.random);
      case "limited":
        deps.metrics.rateLimited(refused.policy);
        return rateLimited(refused);
      default:
        return unreachable(refused);
    }
  };
}

const denied = preparedProblem("access-denied", "this buyer or this network may not buy here");

function away(random: () => number): Response {
  const detail = "the rates cannot be counted just now; try again with the same Idempotency-Key";
  const headers = { "retry-after": String(retryAfterSeconds(0, random)) };
  return problem("service-unavailable", detail, { headers });
}
