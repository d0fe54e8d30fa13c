/** What one check found. `fail`: Doorbuster will not run, or not safely; `warn`: it
 *  will, but. */

export type FindingStatus = "ok" | "warn" | "fail";

export interface Finding {
  readonly check: string;
  readonly status: FindingStatus;
  readonly detail: string;
  /** What to do about it; null if there is nothing to do. */
  readonly help: string | null;
}

export function fine(check: string, detail: string): Finding {
  return { check, status: "ok", detail, help: null };
}

export function warning(check: string, detail: string, help: string): Finding {
  return { check, status: "warn", detail, help };
}

export function failing(check: string, detail: string, help: string): Finding {
  return { check, status: "fail", detail, help };
}

export function bytesText(bytes: number): string {
  const gibibytes = bytes / 2 ** 30;
  return gibibytes >= 1 ? `${gibibytes.toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
