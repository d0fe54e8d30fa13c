// What a run came to, for people: one row for each outcome, then what became of the orders.

import { outcomesIn } from "../../bench/k6/summary.ts";
import { table } from "../../src/bench/table.ts";
import { type K6Options, plannedOf } from "./options.ts";
import type { Run } from "./run.ts";
import type { Verdict } from "./verdict.ts";

const statusOf: Readonly<Record<string, string>> = {
  accepted: "202",
  reserved: "202",
  "rate-limited": "429",
  refused: "4xx",
  unavailable: "503",
  unknown: "other",
};

export function formatReport(options: K6Options, run: Run, verdict: Verdict): string {
  const { summary, audit } = run.evidence;
  const { findings, persisted, refused } = verdict;
  const reasons = refused === 0 ? "" : `, ${count(refused)} refused with a reason`;
  return [
    `k6 ${options.scenario}: ${findings.length === 0 ? "ok" : "FAILED"}`,
    "",
    answers(run),
    ...paceLines(options, run),
    `accepted ${count(summary.accepted)}, reserved ${count(summary.reserved)}; ` +
      `persisted ${count(persisted)}${reasons}`,
    `audit ${audit.ok === true ? "ok" : "FAILED"}: ${count(audit.sold)} units sold of ` +
      `${count(options.stock)}, ${count(audit.pending)} pending`,
    ...findings.map((finding) => `FINDING: ${finding}`),
  ].join("\n");
}

function answers({ evidence: { summary } }: Run): string {
  const rows = outcomesIn(summary).map(({ outcome, count: answered, share, ...times }) => {
    const { p50Ms, p95Ms, p99Ms } = times;
    const shown = [p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(1));
    return [`${statusOf[outcome] ?? "409"} ${outcome}`, count(answered), `${share} %`, ...shown];
  });
  const head = ["answer", "purchases", "share", "p50 ms", "p95 ms", "p99 ms"];
  return table([head, ...rows, ["all", count(summary.sent), "", "", "", ""]]);
}

/** How much of what was wanted k6 could send, beside an engine that needs the same cores. */
function paceLines({ scenario, ...load }: K6Options, { evidence, usage }: Run): string[] {
  const { iterations, dropped, sent, seconds: took } = evidence.summary;
  const [ofK6, ofEngine] = [usage.k6Cores.toFixed(2), usage.engineCores.toFixed(2)];
  const cores = `k6 used ${ofK6} cores, the engine ${ofEngine}`;
  const wanted = plannedOf(scenario, load);
  if (wanted === null) {
    return [`${count(sent / took)} requests/s over ${took.toFixed(1)} s; ${cores}`];
  }
  const missing = Math.max(0, wanted - iterations);
  const short =
    missing <= wanted / 1_000
      ? "reached"
      : `NOT reached: ${((missing / wanted) * 100).toFixed(1)} % were never sent ` +
        `(${count(dropped)} for want of a free virtual user)`;
  return [`${count(wanted)} purchases wanted, ${count(iterations)} begun: ${short}; ${cores}`];
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
