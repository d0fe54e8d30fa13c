// Shows with real processes and a real etcd of its own what the locks promise:
// `npm run locks -- [--rounds 200] [--times 10] [--waiters 200] [--no-fence] [--seed N] [--json]`.
// With --no-fence the counters take every write, and acknowledged updates must get lost: the test
// can fail.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "../src/rush/random.ts";
import { type ExclusionReport, runExclusion } from "./locks/exclusion.ts";
import { type HerdReport, runHerd } from "./locks/herd.ts";
import { type RestartReport, runRestarts, runSteps, type StepsReport } from "./locks/restart.ts";
import { ownEtcd } from "./support/own-etcd.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "200" },
    times: { type: "string", default: "10" },
    waiters: { type: "string", default: "200" },
    "no-fence": { type: "boolean", default: false },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const rounds = wholeNumber("rounds", values.rounds);
const times = wholeNumber("times", values.times);
const waiters = wholeNumber("waiters", values.waiters);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const fenced = !values["no-fence"];
const directory = mkdtempSync(join(tmpdir(), "doorbuster-locks-"));
const etcd = await ownEtcd(directory);
let ok = true;
const results: Record<string, unknown> = {};
try {
  if (rounds > 0) {
    const plan = { etcd, directory, rounds, fenced, random: seededRandom(seed) };
    report("exclusion", await runExclusion(plan), exclusionHolds, exclusionLine);
  }
  if (fenced && times > 0) {
    report("restart", await runRestarts(etcd.url, directory, times), restartHolds, restartLine);
    const kills = Math.ceil(times / 3);
    report("kills", await runSteps(etcd.url, directory, kills), stepsHold, stepsLine);
  }
  if (fenced && waiters > 0) {
    report("herd", await runHerd(etcd.url, directory, waiters), herdHolds, herdLine);
  }
} finally {
  await etcd.kill();
  rmSync(directory, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify({ ok, seed, ...results }, null, 2));
else console.log(`locks ${ok ? "ok" : "FAILED"}: seed ${seed}`);
process.exit(ok ? 0 : 1);

function report<T>(
  name: string,
  result: T,
  holds: (result: T) => boolean,
  line: (result: T) => string,
): void {
  results[name] = result;
  ok &&= holds(result);
  if (!values.json) console.log(`${name}: ${line(result)}${holds(result) ? "" : "  FAILED"}`);
}

/** With the fence nothing is lost, and nothing is counted that nobody made; without it, some is. */
function exclusionHolds({ lost, acknowledged, counted, killed }: ExclusionReport): boolean {
  if (!fenced) return lost > 0;
  return lost === 0 && acknowledged > 0 && counted - acknowledged <= killed;
}

function exclusionLine(one: ExclusionReport): string {
  const faults = Object.entries(one.rounds).map(([fault, count]) => `${count} ${fault}`);
  return (
    `${faults.join(", ")}; ${one.acknowledged} updates acknowledged, ${one.counted} counted, ` +
    `${one.lost} lost, ${one.refused} stale writes refused`
  );
}

function restartHolds({ resumed, renewed, refused, slowestResumeMs }: RestartReport): boolean {
  return [resumed, renewed, refused].every((count) => count === times) && slowestResumeMs < 1_000;
}

function restartLine(one: RestartReport): string {
  return (
    `${one.resumed} of ${one.times} resumed under the same token, the slowest in ` +
    `${Math.round(one.slowestResumeMs)} ms from the start of the process; ${one.renewed} later ` +
    `ones had a higher token, and ${one.refused} old writes were refused`
  );
}

function stepsHold({ stuck, kills }: StepsReport): boolean {
  return stuck === 0 && kills > 0;
}

function stepsLine({ kills, stuck, slowestMs }: StepsReport): string {
  const free = `free after ${Math.round(slowestMs)} ms at most`;
  return `${kills} between steps, ${stuck} left a lock stuck; ${free}`;
}

function herdHolds({ eventsPerRelease, inOrder }: HerdReport): boolean {
  return eventsPerRelease === 1 && inOrder;
}

function herdLine(one: HerdReport): string {
  const order = one.inOrder ? "in the order of arrival" : "NOT in the order of arrival";
  return (
    `${one.waiters} waiters, ${one.releases} releases, each woke ${one.eventsPerRelease} at ` +
    `most; served ${order}`
  );
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  console.error(`--${name} is ${text}; it must be a whole number`);
  process.exit(2);
}
