/** How a sale's rate follows what its back end can do: additive increase, multiplicative decrease
 * (Chiu and Jain, 1989), as TCP does it. Signals are how far the ledger is behind the order log and
 * how long the stock takes to answer. Between half of a target and the target nothing changes; over
 * it the rate is cut at once, under it it climbs from the floor to the ceiling in a known time. */
import { limits } from "./limits.ts";
import type { AdaptiveRate, RateLimit } from "./sale.ts";

/** What a tick of the controller learnt; null: nobody said. */
export interface BackEndSigns {
  /** Orders in the log that are not in the ledger, and the age of the oldest. */
  readonly lag: { readonly messages: number; readonly ms: number } | null;
  /** How long the stock took to answer. */
  readonly reserveMs: number | null;
}

/** Why a rate was lowered; `blind`: for too long nobody knew how far the ledger was behind. */
export const loweringReasons = ["lag", "latency", "blind"] as const;
export type LoweringReason = (typeof loweringReasons)[number];

export interface Adaptation {
  /** In force, with its fraction. */
  readonly perSecond: number;
  /** What it could be at most. */
  readonly ceiling: number;
  /** What was seen of the log, oldest first, for as long as it matters. */
  readonly seen: readonly Sight[];
  readonly decidedAtMs: number;
  readonly cutAtMs: number;
  readonly seenAtMs: number;
  readonly lastReserveMs: number;
}

interface Sight {
  readonly atMs: number;
  readonly lagMs: number;
  readonly messages: number;
  /** The rate in force from then on. */
  readonly perSecond: number;
}

export interface Adapted {
  readonly next: Adaptation;
  readonly lowered: LoweringReason | null;
}

type Terms = RateLimit & { readonly adaptive: AdaptiveRate };

/** The controller as it begins, or goes on from a rate that another left behind. */
export function beginAdapting(perSecond: number, ceiling: number, nowMs: number): Adaptation {
  return {
    ...{ perSecond, ceiling },
    seen: [],
    decidedAtMs: nowMs,
    cutAtMs: Number.NEGATIVE_INFINITY,
    seenAtMs: nowMs,
    lastReserveMs: 0,
  };
}

export function adapt(was: Adaptation, terms: Terms, signs: BackEndSigns, nowMs: number): Adapted {
  const before = { ...was, perSecond: within(terms, isLowered(was) ? was.perSecond : Infinity) };
  const reason = overload(before, terms, signs, nowMs);
  const reactionMs = Math.max(limits.adaptReactionMs, signs.lag?.ms ?? 0);
  const mayCut = nowMs - before.cutAtMs >= reactionMs;
  const lower = reason === null || !mayCut ? null : cut(before, reason, signs, nowMs);
  const perSecond = within(terms, lower ?? raised(before, terms, signs, nowMs));
  const lowered = perSecond < before.perSecond ? reason : null;
  const next: Adaptation = {
    ...{ perSecond, ceiling: terms.perSecond },
    seen: remembered(before, signs, perSecond, nowMs),
    decidedAtMs: nowMs,
    cutAtMs: lowered === null ? before.cutAtMs : nowMs,
    seenAtMs: signs.lag === null ? before.seenAtMs : nowMs,
    lastReserveMs: signs.reserveMs ?? before.lastReserveMs,
  };
  return { next, lowered };
}

export function isLowered({ perSecond, ceiling }: Adaptation): boolean {
  return perSecond < ceiling;
}

function within({ perSecond, adaptive }: Terms, wanted: number): number {
  return Math.min(Math.max(wanted, adaptive.floorPerSecond), perSecond);
}

function overload(
  { seenAtMs, lastReserveMs }: Adaptation,
  { adaptive: { lagTargetMs, reserveTargetMs } }: Terms,
  { lag, reserveMs }: BackEndSigns,
  nowMs: number,
): LoweringReason | null {
  if (lag !== null && lag.ms >= lagTargetMs) return "lag";
  // Twice in a row: a single answer may have waited for something of ours.
  if (Math.min(reserveMs ?? 0, lastReserveMs) >= reserveTargetMs) return "latency";
  return lag === null && nowMs - seenAtMs >= limits.adaptBlindMs ? "blind" : null;
}

/** The rate after a cut, or null if the last one is still taking effect. */
function cut(
  was: Adaptation,
  reason: LoweringReason,
  { lag }: BackEndSigns,
  nowMs: number,
): number | null {
  const most = was.perSecond * cutMost;
  if (reason !== "lag" || lag === null) return most;
  const since = anchor(was.seen, nowMs);
  if (since === null) return most;
  if (lag.messages < since.messages) return null;
  const least = was.perSecond * cutLeast;
  return Math.max(least, Math.min(most, headroom * placedPerSecond(was, since, lag.ms, nowMs)));
}

/** What the ledger gets through, in units of the rate: the speed at which it moves through the log
 * (1: as fast as it was written) times the rate that held when that was written. */
function placedPerSecond(was: Adaptation, since: Sight, lagMs: number, nowMs: number): number {
  const speed = 1 - (lagMs - since.lagMs) / (nowMs - since.atMs);
  const writtenAtMs = nowMs - lagMs;
  const then = was.seen.findLast(({ atMs }) => atMs <= writtenAtMs) ?? was.seen[0];
  return Math.max(0, speed) * (then?.perSecond ?? was.perSecond);
}

/** What was seen long enough ago to compare with. */
function anchor(seen: readonly Sight[], nowMs: number): Sight | null {
  return seen.findLast(({ atMs }) => nowMs - atMs >= compareMs) ?? null;
}

function raised(was: Adaptation, terms: Terms, { lag, reserveMs }: BackEndSigns, nowMs: number) {
  const { lagTargetMs, reserveTargetMs, floorPerSecond } = terms.adaptive;
  if (lag === null || lag.ms >= lagTargetMs || (reserveMs ?? 0) >= reserveTargetMs / 2) {
    return was.perSecond;
  }
  const lately = was.seen.filter(({ atMs }) => nowMs - atMs <= limits.adaptReactionMs);
  const least = Math.min(lag.ms, ...lately.map(({ lagMs }) => lagMs));
  if (least >= lagTargetMs / 2) return was.perSecond;
  const passedMs = Math.min(nowMs - was.decidedAtMs, limits.adaptReactionMs);
  return was.perSecond + ((terms.perSecond - floorPerSecond) * passedMs) / limits.adaptRaiseMs;
}

function remembered(
  { seen }: Adaptation,
  { lag }: BackEndSigns,
  perSecond: number,
  atMs: number,
): readonly Sight[] {
  if (lag === null) return seen;
  const recent = seen.filter((sight) => atMs - sight.atMs <= rememberMs);
  return [...recent, { atMs, lagMs: lag.ms, messages: lag.messages, perSecond }];
}

/** A cut leaves at most a half, at least a quarter … */
const cutMost = 0.5;
const cutLeast = 0.1;
/** … and in between this share of what the ledger gets through, so that it catches up. */
const headroom = 0.8;
/** Shorter, and a batch of the ledger looks like a standstill. */
const compareMs = 150;
const rememberMs = 5_000;
