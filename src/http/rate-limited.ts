/** The answer to a request over a rate (429), in the words of draft-ietf-httpapi-ratelimit-headers.
 *  Under load it is the most frequent answer of all, so each of its few forms is built once. */
import { limits } from "../domain/limits.ts";
import type { Policy } from "../domain/rate-limit.ts";
import type { RateLimit } from "../domain/sale.ts";
import type { Limited } from "../usecases/admit.ts";
import type { AppDeps } from "./app-deps.ts";
import { type PreparedProblem, preparedProblem } from "./problem.ts";

/** Those that one limit refuses: the forms of their answers, and how many there were in this second
 *  and in the one before. */
interface Crowd {
  readonly forms: Map<number, PreparedProblem>;
  /** The rate that the forms tell of. */
  perSecond: number;
  second: number;
  refused: number;
  refusedBefore: number;
}

export function rateLimitedAnswers({
  clock,
  random,
}: Pick<AppDeps, "clock" | "random">): (limited: Limited) => Response {
  const crowds = new WeakMap<RateLimit, Partial<Record<Policy, Crowd>>>();

  return (limited) => {
    const { retryAfterMs } = limited;
    const crowd = crowdOf(crowds, limited);
    count(crowd, Math.floor(clock.now() / 1_000));
    const wait = Math.max(1, Math.ceil(retryAfterMs / 1_000));
    const more = Math.floor(random() * (spreadSeconds(crowd) + 1));
    const form = wait * (limits.retrySpreadMaxSeconds + 1) + more;
    const known = crowd.forms.get(form);
    if (known !== undefined) return known();
    const built = build(limited, wait, wait + more);
    crowd.forms.set(form, built);
    return built();
  };
}

function crowdOf(
  crowds: WeakMap<RateLimit, Partial<Record<Policy, Crowd>>>,
  { limit, policy, perSecond }: Limited,
): Crowd {
  const ofLimit = crowds.get(limit) ?? {};
  const crowd = ofLimit[policy] ?? newCrowd(perSecond);
  if (ofLimit[policy] === undefined) crowds.set(limit, { ...ofLimit, [policy]: crowd });
  if (crowd.perSecond !== perSecond) crowd.forms.clear();
  crowd.perSecond = perSecond;
  return crowd;
}

function newCrowd(perSecond: number): Crowd {
  return { forms: new Map(), perSecond, second: 0, refused: 0, refusedBefore: 0 };
}

function count(crowd: Crowd, second: number): void {
  if (second !== crowd.second) {
    crowd.refusedBefore = second === crowd.second + 1 ? crowd.refused : 0;
    crowd.second = second;
    crowd.refused = 0;
  }
  crowd.refused += 1;
}

/** Over how many seconds those who were refused in one may come back: as many as it takes to serve
 *  them, within bounds. */
function spreadSeconds({ refused, refusedBefore, perSecond }: Crowd): number {
  const seconds = Math.ceil(Math.max(refused, refusedBefore) / perSecond);
  return Math.min(seconds, limits.retrySpreadMaxSeconds);
}

function build({ policy, perSecond }: Limited, reset: number, retryAfter: number): PreparedProblem {
  const detail = `${whose[policy]} ${perSecond} requests a second; wait as Retry-After says`;
  return preparedProblem("rate-limited", detail, {
    headers: {
      "retry-after": String(retryAfter),
      ratelimit: `"${policy}";r=0;t=${reset}`,
      "ratelimit-policy": `"${policy}";q=${perSecond};w=1`,
    },
    fields: { "violated-policies": [policy] },
  });
}

const whose: Readonly<Record<Policy, string>> = {
  ip: "an address may make",
  buyer: "a buyer may make",
  sale: "the sale takes",
  global: "all sales together take",
};
