/** The answer to a request over its sale's rate (429), in the words of draft-ietf-httpapi-ratelimit-headers. Under load it
 *  is the most frequent answer of all, so each of its few forms is built once. */
import type { RateLimit } from "../domain/sale.ts";
import { problemBody, withProblemHeaders } from "./problem.ts";
import { retryAfterSeconds } from "./retry-after.ts";

/** The name of the policy, as clients and metrics see it. */
export const salePolicy = "sale";

export function rateLimited(
  limit: RateLimit,
  retryAfterMs: number,
  random: () => number,
): Response {
  const resetSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const answer = prebuilt(limit, resetSeconds, retryAfterSeconds(retryAfterMs, random));
  return new Response(answer.body, answer.init);
}

interface Prebuilt {
  readonly body: string;
  readonly init: { readonly status: 429; readonly headers: Headers };
}

const forms = new WeakMap<RateLimit, Map<number, Prebuilt>>();

/** A bucket gains at least a token a second, so there are two forms of each limit: with and without the extra second. */
function prebuilt(limit: RateLimit, resetSeconds: number, retryAfter: number): Prebuilt {
  const ofLimit = forms.get(limit) ?? new Map<number, Prebuilt>();
  const known = ofLimit.get(retryAfter);
  if (known !== undefined) return known;
  const built = build(limit, resetSeconds, retryAfter);
  forms.set(limit, ofLimit.set(retryAfter, built));
  return built;
}

function build(limit: RateLimit, resetSeconds: number, retryAfter: number): Prebuilt {
  const detail = `the sale takes ${limit.perSecond} requests a second; wait as Retry-After says`;
  const headers = withProblemHeaders({
    "retry-after": String(retryAfter),
    ratelimit: `"${salePolicy}";r=0;t=${resetSeconds}`,
    "ratelimit-policy": `"${salePolicy}";q=${limit.perSecond};w=1`,
  });
  const body = problemBody("rate-limited", detail, { "violated-policies": [salePolicy] });
  return { body, init: { status: 429, headers } };
}
