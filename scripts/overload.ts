// What bad clients cost the good ones: `npm run overload -- [--seconds 10] [--per-second 500]
// [--only NAME] [--json]`. Each attack gets an engine of its own on the embedded stores and stands
// beside a steady load of purchases, which is measured alone and attacked. Fails if purchases fail
// or the engine ends; the ratios are for people to read, since they depend on the machine.

import { parseArgs } from "node:util";
import { table } from "../src/bench/table.ts";
import { openFilesLimit } from "../src/lib/open-files.ts";
import { attacks } from "./overload/attacks.ts";
import { type RoundResult, runRound } from "./overload/round.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    "per-second": { type: "string", default: "500" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const plan = {
  perSecond: Number(values["per-second"]),
  seconds: Number(values.seconds),
  connections: 32,
};
const chosen = attacks.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0 || !(plan.seconds > 0) || !(plan.perSecond > 0)) {
  console.error(`--only takes one of ${attacks.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const results: RoundResult[] = [];
for (const attack of chosen) {
  say(`${attack.name}: ${attack.what}`);
  const result = await runRound(attack, plan);
  results.push(result);
  say(`  it counted ${JSON.stringify(result.attacker)}`);
  for (const fault of result.faults) say(`  FAULT: ${fault}`);
}
if (values.json) console.log(JSON.stringify({ plan, files: openFilesLimit(), results }, null, 2));
else console.log(report());
process.exit(results.some(({ faults }) => faults.length > 0) ? 1 : 0);

function report(): string {
  const head = ["attack", "p50 alone", "attacked", "ratio", "p99 alone", "attacked", "ratio"];
  const rows = results.map(({ attack, alone, attacked, memoryMiB }) => [
    attack,
    ...pair(alone.latency.p50Ms, attacked.latency.p50Ms),
    ...pair(alone.latency.p99Ms, attacked.latency.p99Ms),
    `${memoryMiB.before} → ${memoryMiB.most}`,
    `${cores(alone.serverCores)} → ${cores(attacked.serverCores)}`,
    String(attacked.lost),
  ]);
  const load = `${plan.perSecond} purchases/s for ${plan.seconds} s; times in ms`;
  const files = `this process may open ${openFilesLimit() ?? "an unknown number of"} files`;
  return `\n${load}; ${files}\n\n${table([[...head, "MiB", "cores", "lost"], ...rows])}`;
}

function pair(alone: number, attacked: number): string[] {
  return [alone.toFixed(2), attacked.toFixed(2), (attacked / alone).toFixed(2)];
}

function cores(used: number | undefined): string {
  return used?.toFixed(2) ?? "?";
}

function say(line: string): void {
  if (!values.json) console.log(line);
}
