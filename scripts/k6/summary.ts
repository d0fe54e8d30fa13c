// Reads what k6 exports with `--summary-export`, as far as the verdict and the report need it. What
// is missing counts as zero, and is a finding of the verdict's where it must not be.

import { type Outcome, outcomes } from "../../bench/k6/outcome.ts";

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
  readonly crossed: readonly string[];
}

type Metric = Readonly<Record<string, unknown>>;
type Metrics = Readonly<Record<string, Metric>>;

/** Throws if it is no summary at all. */
export function readSummary(exported: unknown): K6Summary {
  const metrics = metricsIn(exported);
  const value = (name: string, field: string) => numberIn(metrics[name], field);
  const perSecond = value("iterations", "rate");
  const iterations = value("iterations", "count");
  const latencies = outcomes.map(
    (outcome) => [outcome, latencyIn(metrics[`purchase_duration{outcome:${outcome}}`])] as const,
  );
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
    crossed: crossedIn(metrics),
  };
}

function metricsIn(exported: unknown): Metrics {
  const found = exported !== null && typeof exported === "object" && "metrics" in exported;
  if (!found) throw new Error("k6 wrote no summary with metrics");
  return exported.metrics as Metrics;
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
  const value = metric?.[field];
  return typeof value === "number" ? value : 0;
}

/** In the export, a threshold that is `true` was crossed. */
function crossedIn(metrics: Metrics): string[] {
  return Object.entries(metrics).flatMap(([name, { thresholds }]) =>
    Object.entries(thresholds ?? {})
      .filter(([, crossed]) => crossed === true)
      .map(([threshold]) => `${name}: ${threshold}`),
  );
}
