/** Errors of Redis by what the caller may conclude: surely nothing happened, or nobody knows. */
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";

/** Surely nothing happened: the command was not sent, or the server says so. */
export class NotExecuted extends ServiceUnavailable {
  readonly code: string;

  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}

/** A script is refused with OOM, READONLY, NOREPLICAS or MISCONF at its first write, never after
 * it. */
const refusalCodes = [
  "ASK",
  "BUSY",
  "CLUSTERDOWN",
  "LOADING",
  "MASTERDOWN",
  "MISCONF",
  "MOVED",
  "NOAUTH",
  "NOPERM",
  "NOREPLICAS",
  "NOSCRIPT",
  "OOM",
  "READONLY",
  "TRYAGAIN",
  "WRONGPASS",
];

/** Within a script, servers before 7.0 put the code after a preface of their own. */
const refusal = new RegExp(`(?:^|^ERR Error running script.*: -?)(${refusalCodes.join("|")})\\b`);

/** The fault to throw for an answer that is an error, or for no answer. */
export function faultOf(reason: unknown): Error {
  if (!(reason instanceof Error)) return new Error(`Redis: ${String(reason)}`);
  if (reason instanceof ServiceUnavailable) return reason;
  const { message } = reason;
  const code = notSent.test(message) ? "NOT_SENT" : refusal.exec(message)?.[1];
  if (code !== undefined) return new NotExecuted(code, `Redis: ${message}`, { cause: reason });
  if (reason.name === "ReplyError") return reason;
  const lost = reason.name === "MaxRetriesPerRequestError";
  const what = lost ? "the connection was lost before the answer" : message;
  return new ServiceUnavailable(`Redis: ${what}`, { cause: reason });
}

const notSent = /^Stream isn't writeable/;
