// What must hold in every run, and the sub-metrics that tell the outcomes apart: k6 keeps a tag's
// figures apart only where a threshold names the tag.

import { outcomes } from "./outcome.ts";
import type { Settings } from "./settings.ts";

export const summaryTrendStats = ["count", "avg", "p(50)", "p(95)", "p(99)", "max"];

/** Fewer than k6 adds by itself: each tag of a sample costs time. */
export const systemTags = ["status", "method", "name", "scenario", "error_code", "check"] as const;

export function thresholdsOf({ p99Ms }: Settings): Record<string, string[]> {
  const apart = outcomes.map((outcome) => [`purchase_duration{outcome:${outcome}}`, ["max>=0"]]);
  return {
    ...Object.fromEntries(apart),
    "orders_acknowledged{outcome:accepted}": ["count>=0"],
    "orders_acknowledged{outcome:reserved}": ["count>=0"],
    // By status: anything but 202, 409 and 429.
    http_req_failed: ["rate==0"],
    server_errors: ["count==0"],
    outcomes_unknown: ["count==0"],
    checks: ["rate==1"],
    ...(p99Ms === null ? {} : { "purchase_duration{outcome:accepted}": [`p(99)<${p99Ms}`] }),
  };
}
