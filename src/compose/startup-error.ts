/** Why the engine could not start, if it is something that whoever starts it can mend. */

export type StartupErrorCode =
  | "data-dir-in-use"
  | "data-dir-unusable"
  | "data-dir-newer"
  | "disk-full"
  | "roles-missing"
  | "port-in-use"
  | "port-forbidden"
  | "address-unavailable";

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
