// The end of a drill in figures, for people and for programs.

import type { Fact, PurchaseCall } from "./history.ts";
import { keyOf } from "./holds.ts";
import type { Violation } from "./judge.ts";

export interface DrillReport {
  readonly ok: boolean;
  readonly seed: number;
  readonly faults: readonly FaultLine[];
  readonly calls: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Keys that were answered `accepted`. */
  readonly accepted: number;
  /** Rows that are placed. */
  readonly persisted: number;
  /** Rows that are refused, and reservations that read so. */
  readonly refused: number;
  /** Keys of which the last that their clients heard was that nobody knows. */
  readonly unknown: number;
  readonly sales: readonly SaleLine[];
  readonly violations: readonly Violation[];
  readonly history: string;
}

interface FaultLine {
  readonly kind: string;
  readonly times: number;
  readonly things: readonly string[];
  readonly worstBackMs: number | null;
}

interface SaleLine {
  readonly sale: string;
  readonly terms: string;
  readonly total: number;
  readonly sold: number;
  readonly refused: number;
  readonly audit: boolean | null;
}

export function reportOf(
  facts: readonly Fact[],
  violations: readonly Violation[],
  { seed, history }: Pick<DrillReport, "seed" | "history">,
): DrillReport {
  const calls = facts.filter((fact): fact is PurchaseCall => fact.type === "purchase");
  const stored = facts.filter((fact) => fact.type === "stored");
  const rows = stored.flatMap(({ orders }) => orders);
  const outcomes = Map.groupBy(calls, ({ outcome }) => outcome);
  const ofKeys = [...Map.groupBy(calls, (call) => `${call.sale} ${keyOf(call)}`).values()];
  const ended = (ofKey: readonly PurchaseCall[]) => ofKey.at(-1)?.outcome ?? "";
  return {
    ok: violations.length === 0,
    seed,
    faults: faultLines(facts),
    calls: calls.length,
    outcomes: Object.fromEntries([...outcomes].map(([name, all]) => [name, all.length])),
    accepted: ofKeys.filter((ofKey) => ofKey.some(({ outcome }) => outcome === "accepted")).length,
    persisted: rows.filter(({ status }) => status === "placed").length,
    refused:
      rows.filter(({ status }) => status === "refused").length +
      stored.reduce((sum, { refused }) => sum + refused.length, 0),
    unknown: ofKeys.filter((ofKey) => ["lost", "outcome-unknown"].includes(ended(ofKey))).length,
    sales: saleLines(facts),
    violations,
    history,
  };
}

function faultLines(facts: readonly Fact[]): FaultLine[] {
  const faults = facts.filter((fact) => fact.type === "fault");
  const lines = [...Map.groupBy(faults, ({ kind }) => kind)].map(([kind, all]) => ({
    kind,
    times: all.length,
    things: [...new Set(all.map(({ thing }) => thing))].sort(),
    worstBackMs: all.some(({ backMs }) => backMs === null)
      ? null
      : Math.max(...all.map(({ backMs }) => backMs ?? 0)),
  }));
  return lines.sort((a, b) => a.kind.localeCompare(b.kind));
}

function saleLines(facts: readonly Fact[]): SaleLine[] {
  const stored = new Map(
    facts.flatMap((fact) => (fact.type === "stored" ? [[fact.sale, fact] as const] : [])),
  );
  return facts.flatMap((fact) => {
    const end = fact.type === "sale" ? stored.get(fact.sale) : undefined;
    if (fact.type !== "sale" || end === undefined) return [];
    const refused = end.orders.filter(({ status }) => status === "refused").length;
    const { total, sold, audit } = end;
    return [{ sale: fact.sale, terms: fact.terms, total, sold, refused, audit: audit.ok }];
  });
}

const shownMax = 20;

export function formatReport(report: DrillReport): string {
  const { violations, outcomes } = report;
  const shown = violations
    .slice(0, shownMax)
    .map((one) => `  ${one.kind} ${one.sale} ${one.detail}`);
  const more = violations.length > shownMax ? [`  … ${violations.length - shownMax} more`] : [];
  const answers = Object.entries(outcomes).map(([name, count]) => `${name} ${count}`);
  return [
    "fault       times  worst time until all sold again",
    ...report.faults.map(faultLine),
    "",
    "sale   kind                              stock     sold  refused  audit",
    ...report.sales.map(saleLine),
    "",
    `calls ${report.calls}: ${answers.join(", ")}`,
    `orders accepted ${report.accepted}, persisted ${report.persisted}, ` +
      `refused ${report.refused}, unknown to their clients ${report.unknown}`,
    `history: ${report.history}`,
    ...(report.ok ? [] : [`${violations.length} violations:`, ...shown, ...more]),
    `drill ${report.ok ? "ok" : "FAILED"}: seed ${report.seed}`,
  ].join("\n");
}

function faultLine({ kind, times, things, worstBackMs }: FaultLine): string {
  const back = worstBackMs === null ? "never" : `${(worstBackMs / 1_000).toFixed(1)} s`;
  return `${kind.padEnd(10)} ${String(times).padStart(6)}  ${back.padEnd(8)} ${things.join(", ")}`;
}

function saleLine({ sale, terms, total, sold, refused, audit }: SaleLine): string {
  const counts = [total, sold, refused].map((count, at) =>
    String(count).padStart(at === 0 ? 9 : 8),
  );
  const verdict = audit === null ? "moving" : audit ? "ok" : "FAILED";
  return `${sale.padEnd(6)} ${terms.padEnd(30)} ${counts.join(" ")}  ${verdict}`;
}
