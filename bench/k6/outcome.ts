// What an answer to a purchase means for the order that was asked for. Pure, so that it runs
// anywhere: here under k6, in our tests under Bun.

/** In the order in which they are shown. `refused` is any other 4xx; with `unavailable` nothing was
 *  taken; after `unknown` only the same request key again can tell. */
export const outcomes = [
  "accepted",
  "reserved",
  "sold-out",
  "buyer-limit-reached",
  "sale-not-open",
  "sale-paused",
  "sale-ended",
  "rate-limited",
  "refused",
  "unavailable",
  "unknown",
] as const;

export type Outcome = (typeof outcomes)[number];

/** Whoever runs a load test expects these; every other outcome is a finding. */
export const expectedStatuses = [202, 409, 429] as const;

const problems: Readonly<Record<string, readonly [status: number, outcome: Outcome]>> = {
  "sold-out": [409, "sold-out"],
  "buyer-limit-reached": [409, "buyer-limit-reached"],
  "sale-not-open": [409, "sale-not-open"],
  "sale-paused": [409, "sale-paused"],
  "sale-ended": [409, "sale-ended"],
  "rate-limited": [429, "rate-limited"],
  "stock-unavailable": [503, "unavailable"],
  overloaded: [503, "unavailable"],
  "service-unavailable": [503, "unavailable"],
};

/** A status alone proves nothing: something between us and the engine may have answered. So the
 *  body must say the same. Status 0 is no answer at all. */
export function outcomeOf(status: number, body: string): Outcome {
  if (status === 202) return orderOutcome(body);
  const code = problemIn(body);
  if (code === null) return "unknown";
  const [wanted, outcome] = problems[code] ?? [];
  if (outcome !== undefined) return wanted === status ? outcome : "unknown";
  return status >= 400 && status < 500 ? "refused" : "unknown";
}

function orderOutcome(body: string): Outcome {
  const status = /"status":"([a-z]+)"/.exec(body)?.[1];
  if (orderIdIn(body) === null) return "unknown";
  return status === "accepted" || status === "reserved" ? status : "unknown";
}

/** Searched rather than parsed: k6's interpreter would spend most of its time on JSON. */
function problemIn(body: string): string | null {
  return /"type":"\/problems\/([a-z-]+)"/.exec(body)?.[1] ?? null;
}

export function orderIdIn(body: string): string | null {
  return /"id":"([^"]+)"/.exec(body)?.[1] ?? null;
}
