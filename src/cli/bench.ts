/** `bench`: how fast the engine sells, as ratios to a server that does nothing. Exit code 1 if an
 *  answer was wrong; speed is reported, not judged. */
import { type Command, Option } from "commander";
import { BenchUsageError, runBench } from "../bench/bench.ts";
import { formatBench } from "../bench/bench-report.ts";
import { type Strategy, strategies } from "../domain/sale.ts";
import { RushError } from "../rush/sale-client.ts";
import { documented, type JsonOption, wholeNumber, withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { newCluster, storesOption } from "./temporary-cluster.ts";
import { printJson, printLine, type World } from "./world.ts";

interface BenchFlags extends JsonOption {
  readonly quick?: boolean;
  readonly rounds?: number;
  readonly connections?: number;
  readonly orders?: number;
  /** False for --no-save. */
  readonly save?: string | false;
  readonly strategy?: Strategy;
  readonly stores?: "embedded" | "clustered";
  readonly config?: string;
}

const baselines = "bench/baselines";

export function benchCommand(world: World): Command {
  const command = documented("bench", {
    summary: "measure the engine against a bare server, in turns, on this machine",
    examples: [
      "bench",
      "bench --quick",
      "bench --orders 1000000 --json",
      "bench --stores clustered",
      "bench --stores clustered --strategy locked",
    ],
    json:
      '{"ok","failures":[…],"commit","machine":{…},"bare":{…},"paths":{"accept":{"ratio",…},…},\n' +
      `"memory":{…},…}; a full run is kept under ${baselines}`,
  });
  return withConfig(command)
    .addOption(storesOption())
    .addOption(
      new Option(
        "--strategy <how>",
        "how the sales take units; also compares the strategies",
      ).choices(strategies),
    )
    .option("--quick", "half a minute; too noisy to quote")
    .option("--rounds <n>", "how often everything is measured", wholeNumber(1, 100))
    .option("--connections <n>", "sockets (default: 64)", wholeNumber(1, 10_000))
    .option("--orders <n>", "orders of the memory phase, 0 for none", wholeNumber(0, 10_000_000))
    .option("--save <dir>", `keep the results there (with --json: ${baselines})`)
    .option("--no-save", "keep nothing")
    .action((flags: BenchFlags) => bench(world, flags));
}

async function bench(world: World, flags: BenchFlags): Promise<void> {
  const { json, save, stores, config, ...options } = flags;
  const saveTo = saveToOf(flags);
  const newStores = () => newCluster(world, config);
  const report = await runBench({
    ...options,
    ...(stores === "clustered" ? { newCluster: newStores } : {}),
    ...(saveTo === undefined ? {} : { saveTo }),
    onProgress: (line) => world.err(`${line}\n`),
  }).catch(asFailure);
  if (json) printJson(world, report);
  else printLine(world, formatBench(report));
  world.exitCode = report.ok ? 0 : 1;
}

function saveToOf({ json, quick, save }: BenchFlags): string | undefined {
  if (save === false) return undefined;
  return save ?? (json === true && quick !== true ? baselines : undefined);
}

function asFailure(reason: unknown): never {
  if (reason instanceof BenchUsageError) {
    throw new CliFailure({ code: "usage", usage: true, message: reason.message });
  }
  if (!(reason instanceof RushError)) throw reason;
  throw new CliFailure({ code: "bench-impossible", message: reason.message });
}
