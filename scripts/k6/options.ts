// What `npm run k6` is asked to do.

import { Argument, Command, InvalidArgumentError } from "commander";
import {
  type Defaults,
  purchasesIn,
  type ScenarioName,
  scenarios,
} from "../../bench/k6/scenarios.ts";

export type Scenario = ScenarioName;

export interface K6Options {
  readonly scenario: Scenario;
  readonly seconds: number;
  readonly vus: number;
  /** Purchases begun per second; a rush has none. */
  readonly rate: number;
  /** Buyers of a rush. */
  readonly buyers: number;
  readonly stock: number;
  readonly saleRate: number;
  /** Where k6 writes the summary and its page. */
  readonly summary?: string;
  /** Processes of the role api behind the one address. */
  readonly workers: number;
  readonly config?: string;
  readonly json?: true;
}

/** Ends the process, with an explanation, where the arguments are wrong. */
export function parseK6Options(args: readonly string[]): K6Options {
  const program = new Command("npm run k6 --")
    .description("Load a clustered engine of its own with k6, and check every order afterwards.")
    .addArgument(new Argument("[scenario]", "what kind of load").choices(names))
    .option("--seconds <n>", "how long; of a rush: at most", whole)
    .option("--vus <n>", "virtual users at most", whole)
    .option("--rate <n>", "purchases begun per second, at most", whole)
    .option("--buyers <n>", "who comes to a rush", whole)
    .option("--stock <units>", "units on sale", whole)
    .option("--sale-rate <n>", "what the sale takes per second, and at once", whole)
    .option("--summary <path>", "write what k6 counted to <path>.json and a page to <path>.html")
    .option("--workers <n>", "api processes behind the one address (3)", whole)
    .option("--config <file>", "services to use (default: those of `npm run services -- up`)")
    .option("--json", "print everything as JSON")
    .addHelpText("after", help)
    .exitOverride((reason) => process.exit(reason.exitCode === 0 ? 0 : 2))
    .parse([...args], { from: "user" });
  const [scenario = "reference"] = program.processedArgs as [Scenario?];
  const { attempts: buyers, ...defaults }: Defaults = scenarios[scenario].defaults;
  return { ...defaults, ...{ buyers, workers: 3 }, ...program.opts(), scenario };
}

/** How many purchases begin; null where that depends on how fast they are answered. */
export function plannedOf(
  scenario: Scenario,
  load: Pick<K6Options, "rate" | "seconds">,
): number | null {
  const arrivals = scenarios[scenario].arrivals?.(load);
  return arrivals === undefined ? null : purchasesIn(arrivals);
}

const names = Object.keys(scenarios);

const help = `
Scenarios:
${Object.entries(scenarios)
  .map(([name, { says }]) => `  ${name.padEnd(10)} ${says}`)
  .join("\n")}

Examples:
  npm run k6                                 the reference scenario
  npm run k6 -- --seconds 5 --rate 500       a short and gentle one
  npm run k6 -- rush --buyers 20000          a crowd that will not be turned away
  npm run k6 -- retries --json
  npm run k6 -- steady --summary steady      writes steady.json and the page steady.html

docs/load-tests.md says how to read the table, and how to load a deployment of your own.
Exit codes: 0 everything held, 1 something did not, 2 wrong usage.`;

function whole(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
