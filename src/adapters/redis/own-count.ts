/** What a process does about limits while Redis does not count for all of them. */
import {
  fullBucket,
  limitInForce,
  shareOf,
  type TokenBucket,
  takeTokens,
} from "../../domain/rate-limit.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Admission, admitted, type NotAdmitted } from "../../ports/rate-limiter.ts";
import type { Line } from "./token-line.ts";

/** `share`: each of `nodes` processes grants its part of every limit. `refuse`: nobody is let
 * through. */
export type AwayPlan =
  | { readonly kind: "share"; readonly nodes: number }
  | { readonly kind: "refuse" };

export interface OwnCount {
  known(line: Line): NotAdmitted | null;
  take(line: Line): Admission;
}

const refused: NotAdmitted = { granted: false, why: "away", retryAfterMs: 1_000 };

export function ownCount(plan: AwayPlan, clock: Pick<Clock, "elapsed">): OwnCount {
  if (plan.kind === "refuse") return { known: () => refused, take: () => refused };
  const { nodes } = plan;

  function taken(line: Line, n: 0 | 1) {
    const now = Math.floor(clock.elapsed() * 1_000);
    const grant = takeTokens(line.share ?? begun(line, nodes, now), shareOfLine(line), n, now);
    line.share = grant.bucket;
    return grant;
  }

  const shareOfLine = ({ limit, adapted }: Line) => shareOf(limitInForce(limit, adapted), nodes);

  return {
    known(line) {
      const { remaining, retryAfterMs } = taken(line, 0);
      return remaining > 0 ? null : { granted: false, why: "empty", retryAfterMs };
    },
    take(line) {
      const { granted, retryAfterMs } = taken(line, 1);
      return granted === 1 ? admitted : { granted: false, why: "empty", retryAfterMs };
    },
  };
}

/** What was saved up of a sale's tokens, or of everybody's, may be spent already; a buyer or an
 * address that comes now was hardly here before. */
function begun({ policy, limit }: Line, nodes: number, nowMicros: number): TokenBucket {
  if (policy === "ip" || policy === "buyer") return fullBucket(shareOf(limit, nodes), nowMicros);
  return { millionths: 0, atMicros: nowMicros };
}
