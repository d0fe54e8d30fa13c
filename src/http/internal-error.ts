/** The answer to a fault of ours: the client learns that it was not its doing, the log learns
 *  the rest. */
import type { ErrorLog } from "./app-deps.ts";
import { problem } from "./problem.ts";

export function internalError(logger: ErrorLog, reason: unknown): Response {
  logger.error({ err: reason }, "a request failed unexpectedly");
  return problem("internal", "the request failed; it is not known whether it had an effect");
}
