/** What an error of the driver or the server means for whoever made the call. */
import type { QueryError } from "mysql2/promise";

/** A transaction lost against another one and was rolled back; running it again may help. */
export function isConflict(reason: unknown): boolean {
  return conflicts.has(codeOf(reason));
}

/** The server cannot be reached, lets us not in, does not answer or cannot write. The connection is
 * of no use. */
export function isUnavailable(reason: unknown): reason is Error {
  if (!(reason instanceof Error) || isConflict(reason)) return false;
  const { fatal, sqlState } = reason as Partial<QueryError>;
  const code = codeOf(reason);
  if (fatal === true || unavailable.has(code) || poolRefusals.has(reason.message)) return true;
  return code !== "" && sqlState === undefined;
}

/** The connection broke under the call, and another one may well work. Not a timeout: whoever has
 * waited for one need not wait for the next. */
export function isLost(reason: unknown): boolean {
  return lost.has(codeOf(reason)) || (reason instanceof Error && reason.message === closedState);
}

function codeOf(reason: unknown): string {
  if (!(reason instanceof Error) || !("code" in reason)) return "";
  return String(reason.code);
}

/** Deadlock, lock wait timeout, a row that another transaction added or changed first. */
const conflicts = new Set([
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
  "ER_DUP_ENTRY",
  "ER_CHECKREAD",
]);

const lost = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "ECONNRESET",
  "EPIPE",
  "ER_CONNECTION_KILLED",
  "ER_SERVER_SHUTDOWN",
  "ER_CLIENT_INTERACTION_TIMEOUT",
]);

/** What mysql2 says, without a code, of a command on a connection that it has seen closing. */
const closedState = "Can't add new command when connection is in closed state";

/** What mysql2's pool says, without a code, instead of giving a connection. */
const poolRefusals = new Set(["Queue limit reached.", "Pool is closed."]);

const unavailable = new Set([
  ...lost,
  "ER_ACCESS_DENIED_ERROR",
  "ER_CON_COUNT_ERROR",
  "ER_QUERY_INTERRUPTED",
  "ER_OPTION_PREVENTS_STATEMENT",
  "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
  "ER_DISK_FULL",
  "ER_RECORD_FILE_FULL",
]);
