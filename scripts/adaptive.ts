// A sale's rate that follows its back end, shown on the real services: `npm run adaptive --
// [--ceiling 6000] [--rush 7000] [--share 0.1] [--period 20] [--seconds 20] [--once] [--out DIR]
// [--json]`. A steady rush, in the middle of which MariaDB, one of its own, is slowed down to a
// tenth and restored; once without an adaptive rate and once with it. Exit code 1 if the ledger of
// the latter was ever a second behind, or its rate was not back within 10 s.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { svgChart } from "./adaptive/chart-svg.ts";
import { textChart } from "./adaptive/chart-text.ts";
import { curvesOf } from "./adaptive/curves.ts";
import { played, type RunPlan, type RunResult } from "./adaptive/run.ts";
import { type Verdict, verdictOf } from "./adaptive/verdict.ts";

const { values } = parseArgs({
  options: {
    ceiling: { type: "string", default: "6000" },
    rush: { type: "string", default: "7000" },
    share: { type: "string", default: "0.1" },
    period: { type: "string", default: "20" },
    seconds: { type: "string", default: "20" },
    once: { type: "boolean", default: false },
    out: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const common: Omit<RunPlan, "adaptive"> = {
  ceiling: Number(values.ceiling),
  rush: Number(values.rush),
  share: Number(values.share),
  periodMs: Number(values.period),
  healthySeconds: 10,
  slowSeconds: Number(values.seconds),
  afterSeconds: 15,
};

const verdicts: Verdict[] = [];
for (const adaptive of values.once ? [true] : [false, true]) {
  const result = await played({ ...common, adaptive });
  const verdict = verdictOf(result);
  verdicts.push(verdict);
  console.log(values.json ? JSON.stringify({ verdict, result }) : textOf(result, verdict));
  if (values.out !== undefined) write(values.out, result, verdict);
}
process.exit(verdicts.every(({ ok }) => ok) ? 0 : 1);

function write(directory: string, result: RunResult, verdict: Verdict): void {
  const name = result.plan.adaptive ? "adaptive" : "fixed";
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.json`), JSON.stringify({ verdict, result }, null, 1));
  const svg = svgChart(result, curvesOf(result), titleOf(result));
  writeFileSync(join(directory, `${name}.svg`), svg);
}

function titleOf({ plan, slowdown }: RunResult): string {
  const rate = plan.adaptive ? "An adaptive rate" : "A fixed rate";
  return `${rate} of ${plan.ceiling}/s, asked ${plan.rush}/s; MariaDB ${slowdown} times slower`;
}

function textOf(result: RunResult, verdict: Verdict): string {
  const { answers, batches, persistedAfterMs } = result;
  const { worstLagMs, lowestPerSecond, backAfterMs, soldPerSecond, faults, ok } = verdict;
  const statuses = Object.entries(answers.statuses).map(([status, n]) => `${n} × ${status}`);
  const back = backAfterMs === null ? "-" : `${backAfterMs} ms`;
  return [
    `\n${titleOf(result)}\n`,
    textChart(result, curvesOf(result)),
    `\nworst persist lag ${worstLagMs} ms; ${batches.late} of ${batches.batches} batches over 1 s`,
    `lowest rate ${lowestPerSecond ?? "-"}/s; sold ${soldPerSecond}/s while it was slow`,
    `back to 90 % of the ceiling after ${back}; the last order in the ledger ` +
      `${persistedAfterMs} ms after the rush`,
    `${statuses.join(", ")}, ${answers.lost} lost, ${answers.drops} dropped`,
    ok ? "ok" : `FAILED: ${faults.join("; ")}`,
  ].join("\n");
}
