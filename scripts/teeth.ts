/** Shows that the simulator finds bugs: puts each bug of the list into a copy of the source, and
 *  runs one seed after the other until a promise is broken. `npm run teeth -- [--only NAME]
 *  [--seeds N] [--keep DIR]`: the most seeds that a bug may take; where to write the plan of the
 *  shortest run in which a bug shows that was really there once. */
import { join } from "node:path";
import { inParallel } from "../src/lib/in-parallel.ts";
import { edited, inCopy } from "./support/patched-copy.ts";
import type { Bug } from "./teeth/bug.ts";
import { controlBugs } from "./teeth/bugs-control.ts";
import { logBugs } from "./teeth/bugs-log.ts";
import { stockBugs } from "./teeth/bugs-stock.ts";

interface Found {
  readonly bug: Bug;
  /** How many seeds it took; null if it was not found. */
  readonly seeds: number | null;
  /** The broken promise, or why there is none. */
  readonly what: string;
}

const seedsMost = Number(optionOf("--seeds") ?? 12_000);
const only = optionOf("--only") ?? "";
const kept = optionOf("--keep");
const bugs = [...stockBugs, ...logBugs, ...controlBugs].filter(({ name }) => name.includes(only));

const found = await inParallel(bugs, 2, search);
for (const { bug, seeds, what } of found) {
  console.log(`${String(seeds ?? "NOT FOUND").padStart(9)}  ${bug.name}  → ${what}`);
}
const missed = found.filter(({ seeds }) => seeds === null).length;
console.log(`${found.length - missed} bugs found, ${missed} not`);
process.exit(bugs.length > 0 && missed === 0 ? 0 : 1);

function search(bug: Bug): Promise<Found> {
  return inCopy(async (copy) => {
    for (const edit of [bug, ...(bug.also ?? [])]) {
      if (!edited(join(copy, bug.file), edit)) {
        return { bug, seeds: null, what: `its text is not there once: ${edit.find.trim()}` };
      }
    }
    return sweep(copy, bug);
  });
}

interface Sweep {
  readonly seeds: number;
  readonly failures: readonly { readonly seed: string; readonly promise: string }[];
}

async function sweep(cwd: string, bug: Bug): Promise<Found> {
  const how = ["--from", "1", "--seeds", String(seedsMost), "--first", "--json"];
  const command = [process.execPath, "scripts/sim.ts", ...how];
  const child = Bun.spawn(command, { cwd, stdout: "pipe", stderr: "pipe" });
  const [said, trouble] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const line = said.trim().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) return { bug, seeds: null, what: `it did not run: ${trouble.trim()}` };
  const { seeds, failures } = JSON.parse(line) as Sweep;
  const [first] = failures;
  const none = `all promises held over ${seeds} seeds`;
  if (first === undefined) return { bug, seeds: null, what: none };
  if (kept !== undefined && bug.wasThere) await keep(cwd, bug, first.seed, kept);
  return { bug, seeds, what: first.promise };
}

async function keep(cwd: string, { name }: Bug, seed: string, directory: string): Promise<void> {
  const command = [process.execPath, "scripts/sim.ts", "--seed", seed, "--shrink"];
  const child = Bun.spawn(command, { cwd, stdout: "pipe" });
  const plan = (await new Response(child.stdout).text()).trim().split("\n").at(-1) ?? "";
  await Bun.write(join(directory, `${name.replaceAll(/\W+/g, " ")}.json`), `${plan}\n`);
}

function optionOf(option: string): string | undefined {
  const at = process.argv.indexOf(option);
  return at < 0 ? undefined : process.argv[at + 1];
}
