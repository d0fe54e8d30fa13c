// From when until when a request key may have held units of a sale, as far as its clients can
// know: the widest span that no answer contradicts.

import type { StoredOrder } from "../../src/rush/checker.ts";
import type { PurchaseCall } from "./history.ts";

/** Answers that say that nothing was taken. */
const nothingTaken = new Set([
  "sold-out",
  "buyer-limit-reached",
  "sale-paused",
  "sale-ended",
  "sale-not-open",
  "rate-limited",
  "stock-unavailable",
  "overloaded",
  "service-unavailable",
  "not-ready",
]);

/** Those that are given only when the key was looked for and not found. */
const keyUnknown = new Set(["sold-out", "buyer-limit-reached", "sale-paused", "sale-ended"]);

/** A call that was given up may have an effect so much later: a process may be stopped with it, or
 *  a connection hold it back, for as long as the longest fault. */
export const lateEffectMs = 30_000;

export interface Hold {
  readonly buyer: string;
  readonly key: string;
  readonly quantity: number;
  readonly from: number;
  readonly to: number;
}

export function mayHaveTaken({ outcome }: PurchaseCall): boolean {
  return !nothingTaken.has(outcome);
}

export function saysKeyUnknown({ outcome }: PurchaseCall): boolean {
  return keyUnknown.has(outcome);
}

/** By key; none for a key of which each answer says that nothing was taken. */
export function holdsOf(
  calls: readonly PurchaseCall[],
  live: ReadonlyMap<string, StoredOrder>,
): ReadonlyMap<string, Hold> {
  const holds = new Map<string, Hold>();
  for (const [name, ofKey] of Map.groupBy(calls, keyOf)) {
    const taking = ofKey.filter(mayHaveTaken);
    const [first] = taking;
    if (first === undefined) continue;
    const { buyer, key, quantity } = first;
    const from = Math.min(...taking.map(({ calledAt }) => calledAt));
    const to = live.has(name) ? Number.POSITIVE_INFINITY : letGo(taking, ofKey);
    holds.set(name, { buyer, key, quantity, from, to });
  }
  return holds;
}

/** When it is known that a key without a live order holds nothing any more. */
function letGo(taking: readonly PurchaseCall[], all: readonly PurchaseCall[]): number {
  const lastAsked = Math.max(...taking.map(({ calledAt }) => calledAt));
  const lastAnswer = Math.max(...taking.map(({ answeredAt }) => answeredAt));
  const proofs = all.filter((call) => saysKeyUnknown(call) && call.calledAt >= lastAnswer);
  const proven = Math.min(...proofs.map(({ answeredAt }) => answeredAt));
  return Math.max(proven, lastAsked + lateEffectMs);
}

export function keyOf({ buyer, key }: { buyer: string; key: string }): string {
  return `${buyer}\n${key}`;
}
