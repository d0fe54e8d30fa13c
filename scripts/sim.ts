/** Runs the clustered stack in a simulated world, once a seed, and looks whether every promise
 *  holds. Anybody can replay a run from its seed. */
import { Command, InvalidArgumentError } from "commander";
import { planOf } from "../test/sim/draw.ts";
import type { Plan } from "../test/sim/plan.ts";
import { run } from "../test/sim/run.ts";
import { shrink } from "../test/sim/shrink.ts";
import { type Failure, newTally, type Tally } from "./sim/tally.ts";

interface Options {
  readonly seed?: string;
  readonly seeds: number;
  readonly from?: number;
  readonly minutes?: number;
  readonly plan?: string;
  readonly trace?: true;
  readonly shrink?: true;
  readonly first?: true;
  readonly json?: true;
}

/** Failing seeds after which a sweep ends. */
const failuresMax = 10;
/** One run of so many is done twice, and must come out the same. */
const twiceEvery = 100;

const program = new Command("npm run sim --")
  .description("Run the clustered stack in a simulated world, and check every promise.")
  .option("--seed <seed>", "run one seed; prints what happened if a promise is broken")
  .option("--seeds <n>", "run so many seeds", count, 2_000)
  .option("--from <n>", "the first of them; random if left out", count)
  .option("--minutes <n>", "end the sweep after so long", count)
  .option("--first", "end the sweep at the first broken promise")
  .option("--plan <file>", "run a plan, as --shrink writes it")
  .option("--trace", "print everything that happens")
  .option("--shrink", "look for a shorter run that fails in the same way, and print its plan")
  .option("--json", "print the counts as JSON")
  .addHelpText(
    "after",
    `
Examples:
  npm run sim -- --seeds 20000             a sweep of random seeds
  npm run sim -- --seed 1234               one run again
  npm run sim -- --seed 1234 --trace       … with everything that happens in it
  npm run sim -- --seed 1234 --shrink      … and a shorter one that fails like it
Exit codes: 0 all promises held, 1 one was broken, 2 wrong usage.`,
  )
  .exitOverride((reason) => process.exit(reason.exitCode === 0 ? 0 : 2));

const options = program.parse().opts<Options>();
if (options.seed === undefined && options.plan === undefined) sweep(options);
else one(await planGiven(options), options);

function sweep({ seeds, from = randomSeed(), minutes, first, json }: Options) {
  const tally = newTally();
  const startedAt = performance.now();
  const endAt = startedAt + (minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  if (!json) console.log(`seeds from ${from} on`);
  for (let seed = from; seed < from + seeds && performance.now() < endAt; seed += 1) {
    const plan = planOf(String(seed));
    const outcome = run(plan);
    const again = seed % twiceEvery === 0 ? run(plan) : outcome;
    tally.add(plan, outcome);
    if (again.digest !== outcome.digest || again.steps !== outcome.steps) {
      tally.failed(plan, { promise: "the same seed is the same run", detail: "it was not" });
    }
    if (outcome.violation !== null) tally.failed(plan, outcome.violation);
    const failure = tally.failures.at(-1);
    if (failure?.seed === plan.seed && !json) tell(failure);
    if (tally.failures.length >= (first ? 1 : failuresMax)) break;
  }
  report(tally, (performance.now() - startedAt) / 60_000, json);
  process.exit(tally.failures.length === 0 ? 0 : 1);
}

function tell({ seed, promise, detail }: Failure): void {
  console.log(`seed ${seed}: broken: ${promise} (${detail})`);
  console.log(`  replay: npm run sim -- --seed ${seed}`);
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

function report(tally: Tally, minutes: number, json?: true): void {
  const counts = tally.counts(minutes);
  if (json) {
    console.log(JSON.stringify({ ...counts, failures: tally.failures }));
    return;
  }
  for (const [name, value] of Object.entries(counts)) {
    console.log(`${name.padEnd(22)} ${typeof value === "object" ? listed(value) : value}`);
  }
}

function listed(value: object): string {
  return Object.entries(value)
    .map(([kind, times]) => `${kind} ${times}`)
    .join(", ");
}

function one(plan: Plan, { trace, shrink: shorter }: Options): void {
  const lines: string[] = [];
  const heard = (line: string) => void (trace ? console.log(line) : lines.push(line));
  const outcome = run(plan, { trace: heard });
  const { violation } = outcome;
  if (violation === null) {
    const { calls, accepted, steps, ms } = outcome;
    console.log(`held: ${calls} calls, ${accepted} accepted, ${steps} steps, ${ms / 1_000} s`);
    process.exit(0);
  }
  if (!trace) for (const line of lines.filter(tellsTheStory)) console.log(line);
  console.log(`broken: ${violation.promise} (${violation.detail})`);
  if (shorter) {
    const same = (some: Plan) => run(some).violation?.promise === violation.promise;
    console.log(JSON.stringify(shrink(plan, same)));
  }
  process.exit(1);
}

/** What clients, operators and faults did; requests to services are in the whole trace only. */
function tellsTheStory(line: string): boolean {
  return !line.includes(" → ");
}

async function planGiven({ seed, plan }: Options): Promise<Plan> {
  return plan === undefined ? planOf(seed ?? "") : ((await Bun.file(plan).json()) as Plan);
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("must be 1 or more");
  return number;
}
