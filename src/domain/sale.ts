/** A sale and its life: scheduled → open ⇄ paused → closed. A scheduled sale with a start time is
 * open once that time has come, and any sale is closed once its end time has; sold out is a fact
 * about stock, not a state. */
import { err, ok, type Result } from "../lib/result.ts";
import type { Instant, SaleId, Units } from "./ids.ts";
import type { Money } from "./money.ts";

export type SaleState = "scheduled" | "open" | "paused" | "closed";
export type SaleAction = "open" | "pause" | "resume" | "close";
export type BoardScore = "time" | "quantity" | "composite";
/** How units are taken: by the stock alone, under the sale's lock, or out of the ledger. */
export const strategies = ["atomic", "locked", "database"] as const;
export type Strategy = (typeof strategies)[number];

export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** Within what a rate follows the back end; its ceiling is the limit itself. */
export interface AdaptiveRate {
  readonly floorPerSecond: number;
  /** Lowered when the oldest order that is not in the ledger is so old … */
  readonly lagTargetMs: number;
  /** … or when the stock takes so long to answer. */
  readonly reserveTargetMs: number;
}

export interface SaleRate extends RateLimit {
  /** Null: the rate stays as it is. */
  readonly adaptive: AdaptiveRate | null;
}

/** What an admin asks for. */
export interface SaleTerms {
  readonly productId: string;
  readonly name: string;
  readonly price: Money;
  readonly stock: Units;
  readonly startsAt: Instant | null;
  readonly endsAt: Instant | null;
  readonly perBuyerLimit: Units;
  readonly rateLimit: SaleRate;
  readonly paymentWindowSeconds: number;
  readonly buckets: number;
  readonly strategy: Strategy;
  readonly board: { readonly score: BoardScore };
  /** What the sale is sold from while its stock cannot be reached; null: it waits. */
  readonly fallback: "database" | null;
}

/** Where units are taken from: the stock, the ledger itself, or nowhere while that changes. */
export type SellingMode = "stock" | "switching" | "ledger";

export interface Sale extends SaleTerms {
  readonly id: SaleId;
  readonly state: SaleState;
  /** Always `ledger` with the strategy `database`; else `stock`, unless it falls back. */
  readonly mode: SellingMode;
  /** Grows with every change; the entity tag of HTTP. */
  readonly version: number;
  readonly createdAt: Instant;
}

/** The terms an admin may still change. */
export type SaleChange = Partial<
  Pick<SaleTerms, "name" | "price" | "startsAt" | "endsAt" | "paymentWindowSeconds" | "board">
> & {
  /** What it does not name stays as it is. */
  readonly rateLimit?: Partial<SaleRate>;
};

export type SaleRefusal = { readonly code: "invalid-transition"; readonly detail: string };

/** The state that holds at `now`, whether or not anybody has written it down yet. */
export function stateAt(
  sale: Pick<Sale, "state" | "startsAt" | "endsAt">,
  now: Instant,
): SaleState {
  if (sale.state === "closed") return "closed";
  if (sale.endsAt !== null && now >= sale.endsAt) return "closed";
  if (sale.state === "scheduled" && sale.startsAt !== null && now >= sale.startsAt) return "open";
  return sale.state;
}

/** The sale after an action. An action that changes nothing is allowed, so that a retry is
 * harmless. */
export function act(sale: Sale, action: SaleAction, now: Instant): Result<Sale, SaleRefusal> {
  const from = stateAt(sale, now);
  const to = transitions[action];
  if (from === to.target) return ok(from === sale.state ? sale : moved(sale, from));
  if (!to.from.includes(from)) return err(refusal(sale, action, from));
  return ok(moved(sale, to.target));
}

/** The sale under new terms. */
export function amend(sale: Sale, change: SaleChange, now: Instant): Result<Sale, SaleRefusal> {
  const state = stateAt(sale, now);
  if (state === "closed") {
    return err(changeRefused(sale, "has ended; its terms can no longer change"));
  }
  if (change.startsAt !== undefined && state !== "scheduled") {
    return err(changeRefused(sale, "has already opened; startsAt can no longer change"));
  }
  const rateLimit = { ...sale.rateLimit, ...change.rateLimit };
  const amended = { ...sale, ...change, rateLimit };
  const clash = windowClash(amended, now) ?? rateClash(rateLimit);
  if (clash !== null) return err({ code: "invalid-transition", detail: clash });
  return ok({ ...amended, version: sale.version + 1 });
}

/** Why a window of time cannot be, or null. */
export function windowClash(
  terms: Pick<SaleTerms, "startsAt" | "endsAt">,
  now: Instant,
): string | null {
  if (terms.endsAt === null) return null;
  if (terms.endsAt <= now) return "endsAt must be in the future";
  if (terms.startsAt !== null && terms.endsAt <= terms.startsAt) {
    return "endsAt must be after startsAt";
  }
  return null;
}

/** Why a rate cannot follow the back end like that, or null. */
export function rateClash({ perSecond, adaptive }: SaleRate): string | null {
  if (adaptive === null || adaptive.floorPerSecond <= perSecond) return null;
  const floor = `rateLimit.adaptive.floorPerSecond is ${adaptive.floorPerSecond}`;
  return `${floor}; it must be at most rateLimit.perSecond, which is ${perSecond}`;
}

const transitions: Record<SaleAction, { from: readonly SaleState[]; target: SaleState }> = {
  open: { from: ["scheduled"], target: "open" },
  pause: { from: ["open"], target: "paused" },
  resume: { from: ["paused"], target: "open" },
  close: { from: ["scheduled", "open", "paused"], target: "closed" },
};

function moved(sale: Sale, state: SaleState): Sale {
  return { ...sale, state, version: sale.version + 1 };
}

function refusal(sale: Sale, action: SaleAction, from: SaleState): SaleRefusal {
  const allowed = transitions[action].from.join(" or ");
  const detail = `sale ${sale.id} is ${from}; only a sale that is ${allowed} can ${action}`;
  return { code: "invalid-transition", detail };
}

function changeRefused(sale: Sale, why: string): SaleRefusal {
  return { code: "invalid-transition", detail: `sale ${sale.id} ${why}` };
}
