// Breaks one thing after another under a running rush on the real services, and lets the audit and
// a checker of its own say after each round whether anything was lost, doubled or oversold:
// `npm run faults -- [--rounds 10] [--only NAME] [--seed N] [--json]`. The services must be up.

import { parseArgs } from "node:util";
import { makeTemporaryDirectory } from "../src/rush/temporary-directory.ts";
import { type Fault, faults } from "./faults/catalog.ts";
import { redisPair } from "./faults/redis-pair.ts";
import { playRound, type RoundReport } from "./faults/round.ts";
import { openStage } from "./faults/stage.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    only: { type: "string" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const pairPorts = [16_391, 16_392] as const;
const rounds = wholeNumber("rounds", values.rounds);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const chosen = faults.filter(({ name }) => name.includes(values.only ?? ""));
const played: { readonly fault: Fault; readonly reports: readonly RoundReport[] }[] = [];
for (const fault of chosen) played.push({ fault, reports: await play(fault) });

const ok = played.every(({ reports }) => reports.every(isGood));
if (values.json) console.log(JSON.stringify({ ok, seed, played }, null, 2));
else console.log(table());
process.exit(ok ? 0 : 1);

async function play(fault: Fault): Promise<RoundReport[]> {
  const data = await makeTemporaryDirectory("redis-pair");
  const pair = fault.failsOver === true ? await redisPair(data.path, pairPorts) : null;
  const stage = await openStage(pair?.url);
  try {
    const reports: RoundReport[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const report = await playRound(stage, fault, pair, seed + round);
      reports.push(report);
      console.error(`${fault.name}, round ${round} of ${rounds}: ${lineOf(report)}`);
    }
    return reports;
  } finally {
    await stage.close();
    await pair?.close();
    await data.remove();
  }
}

function isGood({ ok: clean, evidence }: RoundReport): boolean {
  return clean && evidence !== null;
}

function lineOf(report: RoundReport): string {
  const { accepted, persisted, slowestMs, backMs, outcomes, evidence } = report;
  const verdict = isGood(report) ? "ok" : `FAILED ${whyNot(report)}`;
  const back = backMs === null ? "never" : `${Math.round(backMs)} ms`;
  return (
    `${verdict}; ${accepted} accepted, ${persisted} persisted; answers within ` +
    `${Math.round(slowestMs)} ms (${outcomes}), back after ${back}; ${evidence ?? "no evidence"}`
  );
}

function whyNot({ audit, checker, unexpected, unjustified }: RoundReport): string {
  const violations = checker.violations.slice(0, 5).map(({ kind, detail }) => `${kind} ${detail}`);
  const seen = [...violations, unexpected, ...unjustified.slice(0, 5)].join("; ");
  return `audit ${audit.ok}: ${JSON.stringify(audit)}; ${seen}`;
}

function table(): string {
  const head =
    "fault                       times  accepted  persisted  redelivered  swept  slowest  back";
  const lines = played.map(({ fault, reports }) => {
    const sum = (of: (report: RoundReport) => number) => reports.reduce((n, one) => n + of(one), 0);
    const most = (of: (report: RoundReport) => number) => Math.max(...reports.map(of));
    const cells = [
      fault.name.padEnd(26),
      String(reports.length).padStart(6),
      String(sum((one) => one.accepted)).padStart(9),
      String(sum((one) => one.persisted)).padStart(10),
      String(most((one) => one.redelivered)).padStart(12),
      String(most((one) => one.swept)).padStart(6),
      `${Math.round(most((one) => one.slowestMs))} ms`.padStart(8),
      `${Math.round(most((one) => one.backMs ?? Number.NaN))} ms`.padStart(8),
      reports.every(isGood) ? "ok" : "FAILED",
    ];
    return cells.join(" ");
  });
  return [head, ...lines, "", `faults ${ok ? "ok" : "FAILED"}: seed ${seed}`].join("\n");
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  console.error(`--${name} is ${text}; it must be a whole number`);
  process.exit(2);
}
