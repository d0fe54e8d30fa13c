/** How a sale's rate follows what its back end can do: additive increase, multiplicative decrease
 * (Chiu and Jain, 1989), as TCP does it. It goes by how far the ledger is behind the order log and
 * how long the stock takes to answer. Over a target the rate is cut at once, and before that if the
 * ledger falls behind so fast that what is sold now will be over it; under half of the target it
 * climbs, from floor to ceiling in a known time; in between nothing changes. */
import { limits } from "./limits.ts";
import type { AdaptiveRate, RateLimit } from "./sale.ts";

/** Orders in the log that are not in the ledger, and the age of the oldest. */
interface Lag {
  readonly messages: number;
  readonly ms: number;
}

/** What a round of the controller learnt; null: nobody said. */
export interface BackEndSigns {
  readonly lag: Lag | null;
  /** How long the stock took to answer. */
  readonly reserveMs: number | null;
  /** Tokens of the sale that were taken a second, lately. */
  readonly takenPerSecond: number | null;
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
  /** What was taken of the rate. */
  readonly takenPerSecond: number;
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
  const wanted =
    reason === null ? raised(before, terms, signs, nowMs) : cut(before, reason, signs, nowMs);
  const perSecond = within(terms, wanted);
  const lowered = perSecond < before.perSecond ? reason : null;
  const next: Adaptation = {
    ...{ perSecond, ceiling: terms.perSecond },
    seen: remembered(before, signs, perSecond, nowMs),
    decidedAtMs: nowMs,
    cutAtMs: lowered === null ? before.cutAtMs : nowMs,
    seenAtMs: signs.lag === null ? before.seenAtMs : nowMs,
    lastReserveMs: signs.reserveMs ?? 0,
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
  { seen, seenAtMs, lastReserveMs }: Adaptation,
  { adaptive: { lagTargetMs, reserveTargetMs } }: Terms,
  { lag, reserveMs }: BackEndSigns,
  nowMs: number,
): LoweringReason | null {
  const expectedMs = lag === null ? 0 : expectedLagMs(seen, lag, nowMs);
  if (lag !== null && lag.ms >= lagTargetMs * earliest && expectedMs >= lagTargetMs) return "lag";
  // Twice in a row: a single answer may have waited for something of ours.
  if (Math.min(reserveMs ?? 0, lastReserveMs) >= reserveTargetMs) return "latency";
  return lag === null && nowMs - seenAtMs >= limits.adaptBlindMs ? "blind" : null;
}

/** How old an order will be when the ledger has it that is accepted now: while more and more wait,
 * what is left of the log is gone through at the speed of just now. */
function expectedLagMs(seen: readonly Sight[], lag: Lag, nowMs: number): number {
  const since = lastSight(seen, nowMs);
  if (since === null || lag.messages <= since.messages) return lag.ms;
  return lag.ms / Math.max(speedOf(since, lag, nowMs), slowest);
}

/** The rate after a cut; as it was while the last one is still taking effect. */
function cut(
  was: Adaptation,
  reason: LoweringReason,
  { lag }: BackEndSigns,
  nowMs: number,
): number {
  if (nowMs - was.cutAtMs < limits.adaptReactionMs) return was.perSecond;
  const most = was.perSecond * cutMost;
  const since = lastSight(was.seen, nowMs);
  if (reason !== "lag" || lag === null || since === null) return most;
  if (lag.messages < since.messages) return was.perSecond;
  const placed = speedOf(since, lag, nowMs) * takenAt(was, nowMs - lag.ms);
  return Math.max(was.perSecond * cutLeast, Math.min(most, placed * headroom));
}

/** How fast the ledger moves through the log; 1: as fast as it was written. */
function speedOf(since: Sight, lag: Lag, nowMs: number): number {
  return Math.max(0, 1 - (lag.ms - since.lagMs) / (nowMs - since.atMs));
}

/** What was taken of the rate when those orders were written that the ledger is at. */
function takenAt({ seen, perSecond }: Adaptation, writtenAtMs: number): number {
  const then = seen.findLast(({ atMs }) => atMs <= writtenAtMs) ?? seen[0];
  return then?.takenPerSecond ?? perSecond;
}

/** What was seen last, if it is old enough to compare with. */
function lastSight(seen: readonly Sight[], nowMs: number): Sight | null {
  return seen.findLast(({ atMs }) => nowMs - atMs >= compareMs) ?? null;
}

/** Where a batch takes the ledger long, the lag swings; then its low points count. */
function raised(was: Adaptation, terms: Terms, { lag, reserveMs }: BackEndSigns, nowMs: number) {
  const { lagTargetMs, reserveTargetMs, floorPerSecond } = terms.adaptive;
  if (lag === null || lag.ms >= lagTargetMs || (reserveMs ?? 0) >= reserveTargetMs / 2) {
    return was.perSecond;
  }
  const lately = was.seen.filter(({ atMs }) => nowMs - atMs <= calmMs);
  const lowest = Math.min(lag.ms, ...lately.map(({ lagMs }) => lagMs));
  if (lowest >= lagTargetMs / 2) return was.perSecond;
  const passedMs = Math.min(nowMs - was.decidedAtMs, calmMs);
  return was.perSecond + ((terms.perSecond - floorPerSecond) * passedMs) / limits.adaptRaiseMs;
}

function remembered(
  { seen }: Adaptation,
  { lag, takenPerSecond: taken }: BackEndSigns,
  perSecond: number,
  atMs: number,
): readonly Sight[] {
  if (lag === null) return seen;
  const recent = seen.filter((sight) => atMs - sight.atMs <= rememberMs);
  const takenPerSecond = Math.min(perSecond, taken ?? perSecond);
  return [...recent, { atMs, lagMs: lag.ms, messages: lag.messages, takenPerSecond }];
}

/** A lag below this share of the target is never looked at twice. */
const earliest = 1 / 4;
/** The ledger is not expected to be slower than this share of its speed. */
const slowest = 1 / 4;
/** A cut leaves at most a half, at least a quarter … */
const cutMost = 1 / 2;
const cutLeast = 1 / 4;
/** … and in between this share of what the ledger gets through, so that it catches up. */
const headroom = 0.8;
/** Almost a round: what is younger says little. */
const compareMs = 0.9 * limits.adaptEveryMs;
/** Three rounds. */
const calmMs = 3 * limits.adaptEveryMs;
const rememberMs = 5_000;
