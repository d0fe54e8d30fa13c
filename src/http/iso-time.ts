/** Times as clients read them: RFC 3339 in UTC. */
import type { Instant } from "../domain/ids.ts";

export function isoTime(at: Instant): string {
  return new Date(at).toISOString();
}

export function isoTimeOrNull(at: Instant | null): string | null {
  return at === null ? null : isoTime(at);
}

let last = { at: Number.NaN, text: "" };

/** The same for the time of an order or of an answer, which under load it shares with the one
 *  before. */
export function isoTimeOfMoment(at: Instant): string {
  if (last.at !== at) last = { at, text: isoTime(at) };
  return last.text;
}
