/** The answer to a fault of ours: the client learns that it was not its doing, and whether to try
 *  again; the log learns the rest. */
import { InvariantError } from "../lib/assert.ts";
import { ServiceUnavailable } from "../ports/service-unavailable.ts";
import type { ErrorLog } from "./app-deps.ts";
import { problem } from "./problem.ts";

export function internalError(logger: ErrorLog, reason: unknown): Response {
  if (reason instanceof ServiceUnavailable) return unavailable(logger, reason);
  logger.error({ err: reason }, "a request failed unexpectedly");
  if (reason instanceof InvariantError) setTimeout(stopTheProcess, 0, reason);
  return problem("internal", "the request failed; it is not known whether it had an effect");
}

/** What the store says of itself names addresses of ours, so it goes to the log alone. */
function unavailable(logger: ErrorLog, reason: ServiceUnavailable): Response {
  logger.warn({ err: reason }, "a request needed what cannot be reached");
  const detail = "a store cannot be reached just now; try again in a moment";
  return problem("service-unavailable", detail, { headers: { "retry-after": "1" } });
}

/** A broken invariant is not one request's affair. Thrown where nobody catches it, it ends the
 *  process, which recovers when it is started again. */
function stopTheProcess(reason: InvariantError): never {
  throw reason;
}
