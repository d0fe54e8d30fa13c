/** Kills the engine (-9) at random moments of a rush, restarts it each time, and checks that
 *  every order it ever accepted is there once: `bun scripts/crash.ts [--rounds 50] [--seed N]
 *  [--json]`. */
import { parseArgs } from "node:util";
import { formatCrashReport, runCrash } from "../src/rush/crash-rush.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const rounds = wholeNumber("rounds", values.rounds);
const seed = values.seed === undefined ? {} : { seed: wholeNumber("seed", values.seed) };
const onRound = (line: string) => console.error(line);
const report = await runCrash({ rounds, ...seed, onRound });
console.log(values.json ? JSON.stringify(report, null, 2) : formatCrashReport(report));
process.exit(report.ok ? 0 : 1);

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`--${name} is ${text}; it must be a whole number`);
  process.exit(2);
}
