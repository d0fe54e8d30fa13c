// What `npm run k6` is asked to do.

import { Argument, Command, InvalidArgumentError } from "commander";

export const scenarios = ["reference", "rush", "retries"] as const;
export type Scenario = (typeof scenarios)[number];

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
  /** Processes of the role api behind the one address. */
  readonly workers: number;
  readonly config?: string;
  readonly json?: true;
}

const of: Readonly<Record<Scenario, Partial<K6Options>>> = {
  reference: { vus: 1_000, rate: 3_000, stock: 10_000 },
  rush: { vus: 1_000, buyers: 10_000, stock: 1_000, seconds: 300 },
  retries: { vus: 500, rate: 200, stock: 100_000 },
};

const common = { seconds: 30, rate: 1, buyers: 1, saleRate: 1_000, workers: 3 };

/** Ends the process, with an explanation, where the arguments are wrong. */
export function parseK6Options(args: readonly string[]): K6Options {
  const program = new Command("npm run k6 --")
    .description("Load a clustered engine of its own with k6, and check every order afterwards.")
    .addArgument(new Argument("[scenario]", "what kind of load").choices(scenarios))
    .option("--seconds <n>", "how long (30); of a rush: at most (300)", whole)
    .option("--vus <n>", "virtual users at most (1000; retries: 500)", whole)
    .option("--rate <n>", "purchases begun per second (reference: 3000, retries: 200)", whole)
    .option("--buyers <n>", "who comes to a rush (10000)", whole)
    .option("--stock <units>", "units on sale (10000; rush: 1000, retries: 100000)", whole)
    .option("--sale-rate <n>", "what the sale takes per second, and at once (1000)", whole)
    .option("--workers <n>", "api processes behind the one address (3)", whole)
    .option("--config <file>", "services to use (default: those of `npm run services -- up`)")
    .option("--json", "print everything as JSON")
    .addHelpText("after", help)
    .exitOverride((reason) => process.exit(reason.exitCode === 0 ? 0 : 2))
    .parse([...args], { from: "user" });
  const [scenario = "reference"] = program.processedArgs as [Scenario?];
  return { ...common, ...of[scenario], ...program.opts(), scenario } as K6Options;
}

const help = `
Examples:
  npm run k6                                 the reference scenario
  npm run k6 -- --seconds 5 --rate 500       a short and gentle one
  npm run k6 -- rush --buyers 20000          a crowd that will not be turned away
  npm run k6 -- retries --json

docs/load-tests.md says how to read the table, and how to load a deployment of your own.
Exit codes: 0 everything held, 1 something did not, 2 wrong usage.`;

function whole(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
