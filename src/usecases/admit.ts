/** Whether a request may buy. In the order address, buyer, sale, everybody: whoever is refused
 * takes nothing from those that come after. What is known to be refused is refused before anybody
 * is asked who he is. */
import { type AdmissionRules, addressKey } from "../domain/admission.ts";
import type { BuyerId } from "../domain/ids.ts";
import type { BucketLimit, Policy } from "../domain/rate-limit.ts";
import type { RateLimit, Sale } from "../domain/sale.ts";
import type { IpAddress } from "../lib/ip-network.ts";
import type { Admission, NotAdmitted, RateLimiter } from "../ports/rate-limiter.ts";
import type { AdmissionDirectory } from "./admission-directory.ts";

export interface AdmitDeps {
  readonly limiter: RateLimiter;
  readonly admission: Pick<AdmissionDirectory, "current">;
}

/** `denied`: on the deny list. `away`: nobody can count just now. */
export type NotAllowed = { readonly kind: "denied" | "away" } | Limited;

export interface Limited {
  readonly kind: "limited";
  readonly policy: Policy;
  readonly limit: RateLimit;
  /** The rate that holds just now: that of the limit, unless it is lowered. */
  readonly perSecond: number;
  readonly retryAfterMs: number;
}

/** Where a request comes from, as far as anybody needs to know: what its address is limited as, or
 * null. */
export type Visitor = { readonly key: string | null };

const anybody: Visitor = { key: null };
const denied = { kind: "denied" } as const;
const away = { kind: "away" } as const;
/** The one bucket of all sales together. */
const everybody = "all";

/** Null for one who is on the deny list. An address that is not known is held back by nothing. */
export function visitorFrom(rules: AdmissionRules, address: IpAddress | null): Visitor | null {
  if (address === null) return anybody;
  const list = rules.ofAddress(address);
  if (list === "deny") return null;
  return list === "allow" || rules.limits.ip === null ? anybody : { key: addressKey(address) };
}

/** What is known without asking anybody; takes nothing. The sale may be unknown as yet. */
export function refusedAtOnce(
  { limiter, admission }: AdmitDeps,
  visitor: Visitor | null,
  sale: Sale | undefined,
): NotAllowed | null {
  if (visitor === null) return denied;
  const { ip, global } = admission.current().limits;
  if (visitor.key !== null && ip !== null) {
    const refusal = limiter.known("ip", visitor.key, ip);
    if (refusal !== null) return notAllowed(refusal, "ip", ip);
  }
  if (sale !== undefined) {
    const refusal = limiter.known("sale", sale.id, sale.rateLimit);
    if (refusal !== null) return notAllowed(refusal, "sale", sale.rateLimit);
  }
  if (global === null) return null;
  const refusal = limiter.known("global", everybody, global);
  return refusal === null ? null : notAllowed(refusal, "global", global);
}

/** Answers at once where nobody needs to be asked: there may be a hundred thousand a second. */
export type Answer = NotAllowed | null | Promise<NotAllowed | null>;

/** Takes a token of the address, before anybody is asked who he is; null if it may go on. */
export function admitVisitor(deps: AdmitDeps, visitor: Visitor): Answer {
  const { ip } = deps.admission.current().limits;
  return ip === null || visitor.key === null ? null : taken(deps, "ip", visitor.key, ip);
}

/** Takes a token of the buyer, of the sale and of everybody; null if all of them were there. */
export function admitBuyer(deps: AdmitDeps, buyerId: BuyerId, sale: Sale): Answer {
  const { limits, ofBuyer } = deps.admission.current();
  const list = ofBuyer(buyerId);
  if (list === "deny") return denied;
  if (limits.buyer === null || list === "allow") return admitToSale(deps, sale, limits.global);
  return inTurn(taken(deps, "buyer", buyerId, limits.buyer), () =>
    admitToSale(deps, sale, limits.global),
  );
}

function admitToSale(deps: AdmitDeps, sale: Sale, global: RateLimit | null): Answer {
  const ofSale = taken(deps, "sale", sale.id, sale.rateLimit);
  if (global === null) return ofSale;
  return inTurn(ofSale, () => taken(deps, "global", everybody, global));
}

async function inTurn(first: Answer, next: () => Answer): Promise<NotAllowed | null> {
  return (await first) ?? next();
}

function taken({ limiter }: AdmitDeps, policy: Policy, key: string, limit: BucketLimit): Answer {
  const answer = (admission: Admission) =>
    admission.granted ? null : notAllowed(admission, policy, limit);
  const admission = limiter.take(policy, key, limit);
  return admission instanceof Promise ? admission.then(answer) : answer(admission);
}

function notAllowed(refusal: NotAdmitted, policy: Policy, limit: RateLimit): NotAllowed {
  if (refusal.why === "away") return away;
  const { retryAfterMs, perSecond = limit.perSecond } = refusal;
  return { kind: "limited", policy, limit, perSecond, retryAfterMs };
}
