// Breaks a whole clustered stack of its own, again and again, under sales of every kind, and judges
// what every client saw: `npm run drill -- --minutes 10 [--seed N]`.

import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { type Fact, newHistory, readHistory } from "./drill/history.ts";
import { judge } from "./drill/judge.ts";
import { formatReport, reportOf } from "./drill/report.ts";
import { runDrill } from "./drill/run.ts";

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly history?: string;
  readonly only: string;
  readonly judge?: string;
  readonly json?: true;
}

const program = new Command("npm run drill --")
  .description(
    "Break real services and our processes under load, and check every answer that was given.",
  )
  .option("--minutes <n>", "go on with new faults for so long", positive, 2)
  .option("--seed <n>", "draws the faults and the sales; random if left out", whole, randomSeed())
  .option("--history <file>", "where every call is written down, a line each")
  .option(
    "--only <text>",
    "only faults whose kind and thing contain this: `pause`, `kill redis`",
    "",
  )
  .option("--judge <file>", "break nothing; judge the history in a file again")
  .option("--json", "print the report as JSON")
  .addHelpText(
    "after",
    `
Examples:
  npm run drill -- --minutes 10            ten minutes of faults that nobody has seen yet
  npm run drill -- --seed 1234             the same faults in the same order
  npm run drill -- --only failover         one kind of fault again and again
  npm run drill -- --judge FILE            what is wrong with a history, and how many answers

It starts Redis, Kafka, MariaDB and etcd of its own, and stops them. docs/drills.md says how to read
what it prints. Exit codes: 0 every promise held, 1 one was broken, 2 wrong usage.`,
  )
  .exitOverride((reason) => process.exit(reason.exitCode === 0 ? 0 : 2));

const options = program.parse().opts<Options>();
const { seed, json } = options;
const file = options.judge ?? options.history ?? join(tmpdir(), `doorbuster-drill-${seed}.jsonl`);
const facts = options.judge === undefined ? await drill() : readHistory(file);
const report = reportOf(facts, judge(facts), { seed, history: file });
console.log(json ? JSON.stringify(report, null, 2) : formatReport(report));
process.exit(report.ok ? 0 : 1);

async function drill(): Promise<readonly Fact[]> {
  const { minutes, only } = options;
  const history = newHistory(file);
  const logFile = `${file}.log`;
  const say = (line: string) => console.error(line);
  say(`seed ${seed}; history in ${file}, what the processes print in ${logFile}`);
  await runDrill({ minutes, seed, only, history, logFile, say });
  return history.facts;
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

function whole(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

function positive(text: string): number {
  if (/^\d{1,4}(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("It must be a number above 0.");
}
