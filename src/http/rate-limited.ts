/** The answer to a request over its sale's rate (429), in the words of
 *  draft-ietf-httpapi-ratelimit-headers. Under load it is the most frequent answer of all, so
 *  each of its few forms is built once. */
import type { RateLimit } from "../domain/sale.ts";
import { type PreparedProblem, preparedProblem } from "./problem.ts";
import { retryAfterSeconds } from "./retry-after.ts";

/** The name of the policy, as clients and metrics see it. */
export const salePolicy = "sale";

export function rateLimited(
  limit: RateLimit,
  retryAfterMs: number,
  random: () => number,
): Response {
  return prepared(limit, retryAfterMs, retryAfterSeconds(retryAfterMs, random))();
}

const forms = new WeakMap<RateLimit, Map<number, PreparedProblem>>();

/** A bucket gains at least a token a second, so there are two forms of each limit: with and without
 *  the extra second. */
function prepared(limit: RateLimit, retryAfterMs: number, retryAfter: number): PreparedProblem {
  const ofLimit = forms.get(limit) ?? new Map<number, PreparedProblem>();
  const known = ofLimit.get(retryAfter);
  if (known !== undefined) return known;
  const built = build(limit, Math.max(1, Math.ceil(retryAfterMs / 1000)), retryAfter);
  forms.set(limit, ofLimit.set(retryAfter, built));
  return built;
}

function build(limit: RateLimit, resetSeconds: number, retryAfter: number): PreparedProblem {
  const detail = `the sale takes ${limit.perSecond} requests a second; wait as Retry-After says`;
  return preparedProblem("rate-limited", detail, {
    headers: {
      "retry-after": String(retryAfter),
      ratelimit: `"${salePolicy}";r=0;t=${resetSeconds}`,
      "ratelimit-policy": `"${salePolicy}";q=${limit.perSecond};w=1`,
    },
    fields: { "violated-policies": [salePolicy] },
  });
}
