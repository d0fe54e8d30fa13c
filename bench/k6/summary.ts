// What a run came to, out of what k6 hands to `handleSummary`: as JSON, as a page, as text. Pure,
// so that it runs under k6 and under Bun. What is missing counts as zero.

import { type Outcome, outcomes } from "./outcome.ts";
import { pageOf } from "./page.ts";
import type { ScenarioName } from "./scenarios.ts";

export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export interface K6Summary {
  /** Purchases that were sent, each try counted. */
  readonly sent: number;
  /** Runs through the scenario's function: those that began in time, and those that never did. */
  readonly iterations: number;
  readonly dropped: number;
  /** From the begin of the first to the end of the last. */
  readonly seconds: number;
  readonly byOutcome: Readonly<Record<Outcome, Latency>>;
  /** Request keys that ended with an order. */
  readonly accepted: number;
  readonly reserved: number;
  readonly unknown: number;
  readonly serverErrors: number;
  /** Answers with a status that a load test does not expect, or none. */
  readonly unexpected: number;
  /** In the ledger by the audit at the end; null where no administrator asked. */
  readonly persisted: number | null;
  readonly crossed: readonly string[];
}

interface Metric {
  readonly values?: Readonly<Record<string, unknown>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

/** Of what k6 hands over, the part that is read. The rest has the data of setup: tokens. */
export interface Raw {
  readonly metrics: Readonly<Record<string, Metric>>;
}

export function readSummary({ metrics }: Raw): K6Summary {
  const value = (name: string, field: string) => numberIn(metrics[name], field);
  const perSecond = value("iterations", "rate");
  const iterations = value("iterations", "count");
  const latencies = outcomes.map(
    (outcome) => [outcome, latencyIn(metrics[`purchase_duration{outcome:${outcome}}`])] as const,
  );
  const { orders_persisted: persisted } = metrics;
  return {
    sent: value("purchase_duration", "count"),
    iterations,
    dropped: value("dropped_iterations", "count"),
    seconds: perSecond > 0 ? iterations / perSecond : 0,
    byOutcome: Object.fromEntries(latencies) as Record<Outcome, Latency>,
    accepted: value("orders_acknowledged{outcome:accepted}", "count"),
    reserved: value("orders_acknowledged{outcome:reserved}", "count"),
    unknown: value("outcomes_unknown", "count"),
    serverErrors: value("server_errors", "count"),
    // Of this metric k6 counts as passed what failed.
    unexpected: value("http_req_failed", "passes"),
    persisted: persisted === undefined ? null : numberIn(persisted, "value"),
    crossed: crossedIn(metrics),
  };
}

function latencyIn(metric: Metric | undefined): Latency {
  return {
    count: numberIn(metric, "count"),
    p50Ms: numberIn(metric, "p(50)"),
    p95Ms: numberIn(metric, "p(95)"),
    p99Ms: numberIn(metric, "p(99)"),
  };
}

function numberIn(metric: Metric | undefined, field: string): number {
  const value = metric?.values?.[field];
  return typeof value === "number" ? value : 0;
}

function crossedIn(metrics: Raw["metrics"]): string[] {
  return Object.entries(metrics).flatMap(([name, { thresholds }]) =>
    Object.entries(thresholds ?? {})
      .filter(([, { ok }]) => !ok)
      .map(([threshold]) => `${name}: ${threshold}`),
  );
}

/** What k6 is to write, by path; without one only to the terminal. */
export function filesOf(name: ScenarioName, path: string | null, raw: Raw): Record<string, string> {
  const summary = readSummary(raw);
  const text = { stdout: textOf(name, summary) };
  if (path === null) return text;
  const json = `${JSON.stringify({ scenario: name, ...summary }, null, 2)}\n`;
  return { ...text, [`${path}.json`]: json, [`${path}.html`]: pageOf(name, summary) };
}

function textOf(name: ScenarioName, summary: K6Summary): string {
  const { sent, seconds, crossed, dropped, persisted } = summary;
  const rows = outcomesIn(summary).map(
    ({ outcome, count, share, p50Ms, p95Ms, p99Ms }) =>
      `  ${outcome.padEnd(20)} ${String(count).padStart(9)} ${share.padStart(7)} %   ` +
      `p50 ${p50Ms.toFixed(1)}, p95 ${p95Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} ms`,
  );
  return [
    "",
    `${name}: ${sent} purchases in ${seconds.toFixed(1)} s, ${dropped} never begun`,
    ...rows,
    ...(persisted === null ? [] : [`  ${persisted} orders persisted`]),
    ...crossed.map((threshold) => `  CROSSED ${threshold}`),
    "",
  ].join("\n");
}

export interface Row extends Latency {
  readonly outcome: Outcome;
  /** Of all that was sent, in per cent. */
  readonly share: string;
}

/** Those that there were. */
export function outcomesIn({ byOutcome, sent }: K6Summary): Row[] {
  return outcomes
    .map((outcome) => ({ outcome, ...byOutcome[outcome] }))
    .filter(({ count }) => count > 0)
    .map((row) => ({ ...row, share: ((row.count / sent) * 100).toFixed(1) }));
}
