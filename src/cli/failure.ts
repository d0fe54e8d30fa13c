/** How a command ends when it cannot do what it was asked: what went wrong and what to do about it,
 *  never a stack trace. Exit code 1, or 2 if the command line itself was wrong. */

export interface FailureText {
  /** A word for programs. */
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly help?: string | undefined;
  readonly usage?: boolean;
  /** Further fields of the JSON form. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class CliFailure extends Error {
  override readonly name = "CliFailure";
  readonly text: FailureText;

  constructor(text: FailureText) {
    super(text.message);
    this.text = text;
  }
}

export interface ReportOptions {
  readonly json: boolean;
  /** Shows where an error comes from. */
  readonly debug: boolean;
}

/** What to print on stderr, and the exit code. */
export function reportOf(
  error: unknown,
  options: ReportOptions,
): { text: string; exitCode: 1 | 2 } {
  const failure = failureText(error);
  const exitCode = failure.usage === true ? 2 : 1;
  const stack = options.debug && error instanceof Error ? `\n${error.stack ?? ""}` : "";
  const text = options.json ? jsonOf(failure) : humanOf(failure);
  return { text: `${text}${stack}\n`, exitCode };
}

export function failureText(error: unknown): FailureText {
  if (error instanceof CliFailure) return error.text;
  if (!(error instanceof Error)) return unexpected(String(error));
  const code = "code" in error ? error.code : null;
  const help = "help" in error ? error.help : null;
  if (typeof code === "string" && typeof help === "string") {
    return { code, message: error.message, help };
  }
  return unexpected(error.message);
}

function jsonOf(failure: FailureText): string {
  const { code, message, help, details } = failure;
  return JSON.stringify({ error: { code, message, help: help ?? null, ...details } });
}

function humanOf({ message, help }: FailureText): string {
  const advice = help === undefined ? "" : `\n${help.replaceAll(/^/gm, "  ")}`;
  return `doorbuster: ${message}${advice}`;
}

function unexpected(message: string): FailureText {
  const help = "This is not your mistake. DOORBUSTER_DEBUG=1 shows where it happened.";
  return { code: "unexpected", message: `something went wrong: ${message}`, help };
}
