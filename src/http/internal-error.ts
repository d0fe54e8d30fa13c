/** The answer to a fault of ours: the client learns that it was not its doing, the log learns the
 *  rest. */
import { InvariantError } from "../lib/assert.ts";
import type { ErrorLog } from "./app-deps.ts";
import { problem } from "./problem.ts";

export function internalError(logger: ErrorLog, reason: unknown): Response {
  logger.error({ err: reason }, "a request failed unexpectedly");
  if (reason instanceof InvariantError) setTimeout(stopTheProcess, 0, reason);
  return problem("internal", "the request failed; it is not known whether it had an effect");
}

/** A broken invariant is not one request's affair. Thrown where nobody catches it, it ends the
 *  process, which recovers when it is started again. */
function stopTheProcess(reason: InvariantError): never {
  throw reason;
}
