/** How long MySQL may take, and how their relations keep one fault from looking like another. */
import { assert } from "../../lib/assert.ts";

export const mysqlLimits = {
  connectTimeoutMs: 1_500,
  /** For a connection to be free, or made. */
  acquireTimeoutMs: 2_000,
  queryTimeoutMs: 3_000,
  /** Calls that may wait for a connection. */
  waitingMax: 10_000,
  /** Shorter than a query may take, so that a call hears of a conflict, not of a dead server … */
  lockWaitSeconds: 2,
  /** … and a process that freezes with a lock in its hand does not keep it for ever: the server
   * ends its transaction before the others have given up. */
  idleTransactionSeconds: 5,
  attemptsMax: 6,
} as const;

assert(
  mysqlLimits.lockWaitSeconds * 1_000 < mysqlLimits.queryTimeoutMs,
  "a lock's wait must end before the query's",
);
assert(
  mysqlLimits.attemptsMax * mysqlLimits.lockWaitSeconds > mysqlLimits.idleTransactionSeconds,
  "waiting for a lock must outlast whoever froze with it",
);
