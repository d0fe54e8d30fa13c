/** `serve`: configuration → engine → run until a signal asks for the end → stop. What it says on
 *  stdout is for whoever started it; logs go to stderr. */
import type { Command } from "commander";
import type { Flag } from "../config/load.ts";
import { developmentSecret } from "../config/schema.ts";
import type { Config } from "../config/validate.ts";
import { limits } from "../domain/limits.ts";
import { createLogger, type Logger } from "../observability/logger.ts";
import { adminToken, ownAdminUrl } from "./connection.ts";
import { ensureDemoSale } from "./demo-sale.ts";
import { documented, type JsonOption, withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { type Ready, readyJson, readyText } from "./ready.ts";
import { stdinEnded, stopRequested, stopTheProcessOnBrokenInvariants } from "./signals.ts";
import { startWorkers } from "./workers.ts";
import { configOf, type Engine, printJson, printLine, type World } from "./world.ts";

export interface ServeFlags extends JsonOption {
  readonly config?: string;
  readonly roles?: string;
  readonly workers?: string;
  readonly sharePort?: boolean;
  readonly stopWithStdin?: boolean;
  readonly host?: string;
  readonly port?: string;
  readonly data?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly demo?: boolean;
}

export function serveCommand(world: World): Command {
  const command = documented("serve", {
    summary: "run the engine until SIGINT or SIGTERM",
    examples: [
      "serve --demo",
      "serve --port 8080 --data shop-data",
      "serve --config production.yaml --json",
      "serve --config production.yaml --roles api --workers 4",
    ],
    json:
      'once it listens: {"event":"listening","url":text,"recovered":{"replayed":n,\n' +
      '"salesLoaded":[id…]}}, and with --demo "demoSale":id',
  });
  return withConfig(command)
    .option("--roles <list>", "what this process does: api,orders,controller (default: all)")
    .option("--workers <n>", "processes of the role api on the one port (default: 1)")
    .option("--share-port", "let other processes listen on the same port")
    .option("--stop-with-stdin", "stop when standard input ends, as it does when a parent dies")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <n>", "port to listen on, 0 for any free one (default: 7070)")
    .option("--data <dir>", "directory of the data (default: .doorbuster)")
    .option("--log-level <level>", "least severe event that is logged (default: info)")
    .option("--log-format <format>", "auto, json or pretty (default: auto)")
    .option("--demo", "open a demo sale if no sale is open")
    .action((options: ServeFlags) => serve(world, options));
}

async function serve(world: World, options: ServeFlags): Promise<void> {
  const { config } = await configOf(world, options.config, flagsOf(options));
  checkDemo(config, options);
  if (config.workers > 1) return await superviseWorkers(world, config, options);
  const log = createLogger({ ...config.log, secrets: secretsOf(config) });
  stopTheProcessOnBrokenInvariants(log);
  const stop = options.stopWithStdin
    ? Promise.race([stopRequested(), stdinEnded()])
    : stopRequested();
  const engine = await world.compose(config, log);
  const started = await Promise.race([engine.start(), stop]);
  if (typeof started === "string") {
    log.info({ signal: started }, "stopping before everything was there");
    return await stopWithin(engine, log);
  }
  const { url, adminUrl, recovered } = started;
  const demoSale = options.demo ? await ensureDemoSale(adminUrl, adminToken(config.auth)) : null;
  announce(world, options, { url, recovered, demoSale, config });
  log.info({ url }, "listening");
  log.info({ signal: await stop }, "stopping");
  await stopWithin(engine, log);
}

/** The same from outside, but with the work spread over several processes. */
async function superviseWorkers(world: World, config: Config, flags: ServeFlags): Promise<void> {
  const log = createLogger({ ...config.log, secrets: secretsOf(config) });
  const stop = stopRequested();
  const workers = startWorkers(world, config, flags, log);
  const url = await Promise.race([workers.listening, stop.then(() => null)]);
  if (url !== null) {
    const demoSale = flags.demo
      ? await ensureDemoSale(ownAdminUrl(config), adminToken(config.auth))
      : null;
    const recovered = { replayed: 0, salesLoaded: [] };
    announce(world, flags, { url, recovered, demoSale, config });
    log.info({ url, workers: config.workers }, "listening");
    await stop;
  }
  await workers.stop();
}

function announce(world: World, options: ServeFlags, ready: Ready): void {
  if (options.json) printJson(world, readyJson(ready));
  else printLine(world, readyText(ready));
}

function flagsOf(options: ServeFlags): Flag[] {
  return [
    { name: "--roles", path: "roles", value: options.roles },
    { name: "--workers", path: "workers", value: options.workers },
    { name: "--share-port", path: "sharePort", value: options.sharePort ? "true" : undefined },
    { name: "--host", path: "host", value: options.host },
    { name: "--port", path: "port", value: options.port },
    { name: "--data", path: "dataDir", value: options.data },
    { name: "--log-level", path: "log.level", value: options.logLevel },
    { name: "--log-format", path: "log.format", value: options.logFormat },
  ];
}

function checkDemo(config: Config, { demo }: ServeFlags): void {
  if (demo !== true || config.roles.includes("api")) return;
  const message = "--demo needs the role api, which makes the sale";
  throw new CliFailure({ code: "usage", usage: true, message });
}

/** The development secret is public, and hiding it, or a password as short as a word, would only
 * make logs harder to read. */
function secretsOf({ auth, kafka }: Config): string[] {
  const secrets = auth.keys.map((key) => key.secret).filter((one) => one !== developmentSecret);
  const password = kafka.sasl.password ?? "";
  return password.length < 8 ? secrets : [...secrets, password];
}

/** The engine gives each of its parts a deadline; this one is for all of them together. */
async function stopWithin(engine: Engine, log: Logger): Promise<void> {
  const deadlineMs = limits.shutdownDeadlineMs + 3_000;
  const late = Symbol("late");
  const deadline = Bun.sleep(deadlineMs).then(() => late);
  const outcome = await Promise.race([engine.stop(), deadline]);
  if (outcome !== late) return log.info("stopped");
  throw new CliFailure({
    code: "stop-deadline",
    message: `not everything had stopped after ${deadlineMs / 1_000} s; ending anyway`,
    help: "Nothing that was accepted is lost: the next start recovers it.",
  });
}
