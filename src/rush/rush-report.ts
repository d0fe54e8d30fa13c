/** What a rush found out: the figures as they go into JSON, and the table for people. */
import type { CheckerVerdict } from "./checker.ts";
import type { LatencySummary } from "./histogram.ts";
import type { AuditAnswer } from "./sale-client.ts";

export interface RushReport {
  /** The audit, the checker and the clients all found nothing wrong. */
  readonly ok: boolean;
  readonly verdict: "ok" | "failed";
  readonly saleId: string;
  readonly seed: number;
  readonly buyers: number;
  readonly stock: number;
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Distinct orders answered with 202. */
  readonly accepted: number;
  /** Orders that are stored and hold their units. */
  readonly persisted: number;
  /** Units sold beyond the stock. */
  readonly oversold: number;
  /** Request keys with more than one order. */
  readonly duplicates: number;
  /** Deliberate or forced retries that were answered with the order they already had. */
  readonly duplicateAnswers: number;
  readonly soldOut: number;
  readonly limited: number;
  readonly rateLimited: number;
  readonly unavailable: number;
  readonly lost: number;
  readonly drops: number;
  readonly gaveUp: number;
  readonly otherRefusals: Readonly<Record<string, number>>;
  readonly unexpected: Readonly<Record<string, number>>;
  readonly latency: LatencySummary;
  readonly acceptedLatency: LatencySummary;
  readonly persistLag: LatencySummary;
  readonly server: ServerUsage | undefined;
  readonly audit: AuditAnswer;
  readonly checker: CheckerVerdict;
}

/** CPU use in cores (1 = one core busy all the time) while the crowd was there. */
export interface ServerUsage {
  readonly cpuCores: number;
  readonly clientCpuCores: number;
  readonly residentMiB: number;
}

const SHOWN_VIOLATIONS = 10;

export function formatRushReport(report: RushReport): string {
  const rows: (readonly [string, string])[] = [
    ["accepted", count(report.accepted)],
    ["persisted", count(report.persisted)],
    ["sold out", count(report.soldOut)],
    ["limited", count(report.limited)],
    ["duplicate", `${count(report.duplicateAnswers)} (same key, same order)`],
    ["429, retried", count(report.rateLimited)],
    ["503, retried", count(report.unavailable)],
    ["lost, retried", count(report.lost)],
    ["gave up", count(report.gaveUp)],
    ["errors", errorsOf(report)],
    ["drops", count(report.drops)],
    ["oversold", count(report.oversold)],
    ["latency, all", percentiles(report.latency)],
    ["latency, accepted", percentiles(report.acceptedLatency)],
    ["persist lag", percentiles(report.persistLag)],
    ...usageRows(report.server),
    ["audit", auditLine(report.audit)],
    ["checker", checkerLine(report.checker)],
  ];
  return [headline(report), ...rows.map(asRow), ...violationLines(report.checker)].join("\n");
}

function headline(report: RushReport): string {
  const { buyers, stock, seconds, requests, requestsPerSecond } = report;
  const pace = `${count(requests)} requests in ${seconds.toFixed(1)} s`;
  return (
    `rush ${report.verdict}: ${count(buyers)} buyers, ${count(stock)} units, ${pace}` +
    ` (${count(requestsPerSecond)}/s), seed ${report.seed}\n`
  );
}

function usageRows(server: ServerUsage | undefined): (readonly [string, string])[] {
  if (server === undefined) return [];
  const { cpuCores, clientCpuCores, residentMiB } = server;
  const cpu = `server ${cpuCores.toFixed(2)} cores, load ${clientCpuCores.toFixed(2)}`;
  return [["cpu", `${cpu}; server memory ${residentMiB.toFixed(0)} MiB`]];
}

function errorsOf({ unexpected, otherRefusals }: RushReport): string {
  const all = [...Object.entries(unexpected), ...Object.entries(otherRefusals)];
  const sum = all.reduce((total, [, times]) => total + times, 0);
  const kinds = all.map(([code, times]) => `${code} × ${times}`).join(", ");
  return all.length === 0 ? "0" : `${count(sum)} (${kinds})`;
}

function auditLine(audit: AuditAnswer): string {
  const state = audit.ok === true ? "ok" : audit.ok === null ? "undecided" : "FAILED";
  return `${state}: ${count(audit.sold)} units sold, ${count(audit.pending)} pending`;
}

function checkerLine({ ok, source, receipts, orders, violations }: CheckerVerdict): string {
  const basis = `${count(receipts)} receipts against ${count(orders)} orders (${source})`;
  return ok ? `ok: ${basis}` : `FAILED: ${violations.length} violations, ${basis}`;
}

export function violationLines({ violations }: CheckerVerdict): string[] {
  const shown = violations
    .slice(0, SHOWN_VIOLATIONS)
    .map(({ kind, detail }) => `    ${kind}: ${detail}`);
  const rest = violations.length - shown.length;
  return rest > 0 ? [...shown, `    and ${rest} more`] : shown;
}

function percentiles({ count: samples, p50Ms, p95Ms, p99Ms, maxMs }: LatencySummary): string {
  if (samples === 0) return "no samples";
  const [p50, p95, p99, max] = [p50Ms, p95Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1));
  return `p50 ${p50} ms  p95 ${p95} ms  p99 ${p99} ms  max ${max} ms`;
}

function asRow([name, value]: readonly [string, string]): string {
  return `  ${name.padEnd(18)} ${value}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
