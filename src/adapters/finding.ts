/** What looking at a service came to. */

export interface ServiceFinding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do about it; null if there is nothing to do. */
  readonly help: string | null;
}

export function fine(check: string, detail: string): ServiceFinding {
  return { check, status: "ok", detail, help: null };
}

export function warning(check: string, detail: string, help: string): ServiceFinding {
  return { check, status: "warn", detail, help };
}

export function failing(check: string, detail: string, help: string): ServiceFinding {
  return { check, status: "fail", detail, help };
}

/** Clocks that differ by more than this make produce times and due times hard to compare. */
const clockDifferenceMs = 500;

/** `theirs` was read between `asked` and now. */
export function clockFinding(check: string, asked: number, theirs: number): ServiceFinding {
  const ours = (asked + Date.now()) / 2;
  const differenceMs = Math.round(theirs - ours);
  const detail = `its clock differs from ours by ${differenceMs} ms`;
  if (Math.abs(differenceMs) <= clockDifferenceMs) return fine(check, detail);
  return warning(check, detail, "Run NTP on both machines.");
}

/** A finding where looking itself went wrong. */
export function unreachable(check: string, reason: unknown, help: string): ServiceFinding {
  return failing(check, reason instanceof Error ? reason.message : String(reason), help);
}
