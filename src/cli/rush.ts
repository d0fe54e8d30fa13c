/** `rush`: sends a crowd at a sale and says whether the sale was right; exit code 1 if it was not.
 *  */
import { type Command, Option } from "commander";
import { usesDevelopmentSecret } from "../config/auth-rules.ts";
import type { AuthConfig } from "../config/validate.ts";
import { type Strategy, strategies } from "../domain/sale.ts";
import { RushUsageError, runRush } from "../rush/rush.ts";
import type { RushOptions } from "../rush/rush-plan.ts";
import { formatRushReport } from "../rush/rush-report.ts";
import { RushError } from "../rush/sale-client.ts";
import { checkedUrl } from "./connection.ts";
import { decimal, documented, type JsonOption, wholeNumber, withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { newCluster, storesOption } from "./temporary-cluster.ts";
import { configOf, printJson, printLine, type World } from "./world.ts";

interface RushFlags extends JsonOption {
  readonly buyers?: number;
  readonly stock?: number;
  readonly rate?: number;
  readonly duration?: number;
  readonly retryShare?: number;
  readonly greedyShare?: number;
  readonly quantity?: number;
  readonly connections?: number;
  readonly seed?: number;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
  readonly config?: string;
  readonly buckets?: number;
  readonly strategy?: Strategy;
  readonly stores?: "embedded" | "clustered";
}

export function rushCommand(world: World): Command {
  const command = documented("rush", {
    summary: "send a crowd at a sale, then check every order; exit code 1 if anything is wrong",
    examples: [
      "rush --buyers 10000 --stock 1000",
      "rush --rate 5000 --duration 30 --stock 100000 --json",
      "rush --stores clustered --buyers 50000 --stock 20000 --strategy locked",
      "rush --url http://127.0.0.1:7070 --data .doorbuster",
    ],
    json:
      '{"ok","verdict","accepted","persisted","oversold","duplicates","soldOut","limited",\n' +
      '"rateLimited","drops","latency":{"p50Ms",…},"persistLag":{…},"audit":{…},"checker":{…},…}',
  });
  return withConfig(withCrowd(command))
    .option("--url <url>", "a running server (default: a temporary one)")
    .option("--token <jwt>", "admin token for --url (default: DOORBUSTER_TOKEN, or a dev token)")
    .addOption(storesOption())
    .option("--data <dir>", "data directory of --url, for the checker to read the raw tables")
    .action((flags: RushFlags) => rush(world, flags));
}

function withCrowd(command: Command): Command {
  return command
    .option("--buyers <n>", "how many come (default: 10000)", wholeNumber(1, 10_000_000))
    .option("--stock <units>", "units on sale (default: 1000)", wholeNumber(1, 100_000_000))
    .option("--rate <n>", "arrivals a second (default: all within 2 s)", decimal(0.1, 1_000_000))
    .option("--duration <seconds>", "how long they keep coming", decimal(0.1, 86_400))
    .option("--retry-share <share>", "who sends the same again (default: 0.05)", decimal(0, 1))
    .option("--greedy-share <share>", "who tries for more (default: 0.05)", decimal(0, 1))
    .option("--buckets <n>", "parts of the stock (default: 1)", wholeNumber(1, 256))
    .addOption(
      new Option("--strategy <how>", "how units are taken (default: atomic)").choices(strategies),
    )
    .option("--quantity <units>", "what each asks for (default: 1)", wholeNumber(1, 1_000))
    .option("--connections <n>", "sockets (default: 128)", wholeNumber(1, 10_000))
    .option("--seed <n>", "repeats the same crowd", wholeNumber(0, 2 ** 32 - 1));
}

async function rush(world: World, flags: RushFlags): Promise<void> {
  const options = await optionsOf(world, flags);
  const report = await runRush(options).catch((reason) => {
    throw failureOf(reason, flags);
  });
  if (flags.json) printJson(world, report);
  else printLine(world, formatRushReport(report));
  world.exitCode = report.ok ? 0 : 1;
}

async function optionsOf(world: World, flags: RushFlags): Promise<RushOptions> {
  const { json: _, config, stores, url, token, data, duration, ...crowd } = flags;
  const durationSeconds = duration === undefined ? {} : { durationSeconds: duration };
  if (url === undefined) {
    const cluster = stores === "clustered" ? { cluster: await newCluster(world, config) } : {};
    return { ...crowd, ...durationSeconds, ...cluster };
  }
  return {
    ...crowd,
    ...durationSeconds,
    url: checkedUrl(url),
    ...(data === undefined ? {} : { dataDir: data }),
    ...(await credentials(world, flags)),
  };
}

/** With a configured secret the crowd's tokens are signed here; else the server is asked for
 *  development tokens. */
async function credentials(world: World, flags: RushFlags): Promise<Partial<RushOptions>> {
  const adminToken = flags.token ?? (world.env.DOORBUSTER_TOKEN || undefined);
  const { auth } = (await configOf(world, flags.config)).config;
  const [key] = auth.keys;
  const signs = key?.kid === "default" && isPlain(auth) && !usesDevelopmentSecret(auth);
  return {
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(signs ? { signingSecret: key.secret } : {}),
  };
}

/** Whether its tokens say what the crowd's say. */
function isPlain({ issuer, audience, claims }: AuthConfig): boolean {
  const { buyerId, buy, admin } = claims;
  const words = [issuer, audience, buyerId, buy.claim, buy.value, admin.claim, admin.value];
  return words.join(" ") === "doorbuster doorbuster sub scope buy scope admin";
}

function failureOf(reason: unknown, { url }: RushFlags): unknown {
  if (reason instanceof RushUsageError) {
    return new CliFailure({ code: "usage", usage: true, message: reason.message });
  }
  if (!(reason instanceof RushError)) return reason;
  const help = url === undefined ? undefined : runningServerHelp;
  return new CliFailure({ code: "rush-impossible", message: reason.message, help });
}

const runningServerHelp =
  "--url needs a server that runs, and either hands out development tokens or has the signing\n" +
  "secret that is configured here (auth.secret, DOORBUSTER_AUTH_SECRET_FILE).";
