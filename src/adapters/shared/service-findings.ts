/** Findings that are the same for every service. */
import { type Finding, failing, fine, messageOf, warning } from "../../lib/finding.ts";

/** Clocks that differ by more than this make produce times and due times hard to compare. */
const clockDifferenceMs = 500;

/** `theirs` was read between `asked` and now. */
export function clockFinding(check: string, asked: number, theirs: number): Finding {
  const ours = (asked + Date.now()) / 2;
  const differenceMs = Math.round(theirs - ours);
  const detail = `its clock differs from ours by ${differenceMs} ms`;
  if (Math.abs(differenceMs) <= clockDifferenceMs) return fine(check, detail);
  return warning(check, detail, "Run NTP on both machines.");
}

/** A finding where looking itself went wrong. */
export function unreachable(check: string, reason: unknown, help: string): Finding {
  return failing(check, messageOf(reason), help);
}
