/** Why the engine could not start, if it is something that whoever starts it can mend. */
import {
  DataDirectoryError,
  type DataDirectoryErrorCode,
} from "../adapters/embedded/data-directory.ts";
import { ListenError, type ListenErrorCode } from "../http/listen.ts";

export type StartupErrorCode = DataDirectoryErrorCode | ListenErrorCode | "roles-missing";

export class StartupError extends Error {
  override readonly name = "StartupError";
  readonly code: StartupErrorCode;
  /** What to do about it, as a sentence. */
  readonly help: string;

  constructor(code: StartupErrorCode, message: string, help: string) {
    super(message);
    this.code = code;
    this.help = help;
  }
}

/** The reason, as a `StartupError` if it says what can be done about it. */
export function advised(reason: unknown): unknown {
  if (!(reason instanceof DataDirectoryError) && !(reason instanceof ListenError)) return reason;
  return new StartupError(reason.code, reason.message, reason.help);
}
