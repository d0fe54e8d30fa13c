/** Parses the command line and runs one command: exit code 0 done, 1 failed, 2 wrong usage. */
import { Command, CommanderError } from "commander";
import { auditCommand } from "./audit.ts";
import { benchCommand } from "./bench.ts";
import { configCommand } from "./config.ts";
import { dlqCommand } from "./dlq.ts";
import { doctorCommand } from "./doctor.ts";
import { CliFailure, reportOf } from "./failure.ts";
import { lockCommand } from "./lock.ts";
import { migrateCommand } from "./migrate.ts";
import { rushCommand } from "./rush.ts";
import { saleCommand } from "./sale.ts";
import { serveCommand } from "./serve.ts";
import { tokenCommand } from "./token.ts";
import { version } from "./version.ts";
import type { World } from "./world.ts";

/** `args` is what comes after the program's name. */
export async function runCli(args: readonly string[], world: World): Promise<0 | 1 | 2> {
  const complaints: string[] = [];
  try {
    await program(world, complaints).parseAsync([...args], { from: "user" });
    return world.exitCode;
  } catch (error) {
    const failure = error instanceof CommanderError ? usageFailure(error, complaints) : error;
    if (failure === null) return 0;
    const debug = world.env.DOORBUSTER_DEBUG === "1";
    const { text, exitCode } = reportOf(failure, { json: args.includes("--json"), debug });
    world.err(text);
    return exitCode;
  }
}

function program(world: World, complaints: string[]): Command {
  const root = new Command("doorbuster")
    .description("A flash-sale engine: never one unit too many, never one accepted order lost.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "show help; every command has its own")
    .addHelpText("after", footer)
    .addCommand(serveCommand(world))
    .addCommand(saleCommand(world))
    .addCommand(auditCommand(world))
    .addCommand(rushCommand(world))
    .addCommand(tokenCommand(world))
    .addCommand(migrateCommand(world))
    .addCommand(dlqCommand(world))
    .addCommand(lockCommand(world))
    .addCommand(doctorCommand(world))
    .addCommand(benchCommand(world))
    .addCommand(configCommand(world));
  configure(root, world, complaints);
  return root;
}

/** Commander would end the process and print by itself; both are done here instead. */
function configure(command: Command, world: World, complaints: string[]): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.out(text),
      writeErr: (text) => world.err(text),
      outputError: (text) => void complaints.push(text),
    })
    .showHelpAfterError(false);
  for (const child of command.commands) configure(child, world, complaints);
}

/** Null if it was no mistake: help or the version was asked for. */
function usageFailure(error: CommanderError, complaints: readonly string[]): CliFailure | null {
  if (error.exitCode === 0) return null;
  const said = complaints.join("").trim() || "no command was given";
  return new CliFailure({
    code: "usage",
    usage: true,
    message: said.replace(/^error: /, ""),
    help: "`--help` after any command shows its options and examples.",
  });
}

const footer = `
Examples:
  $ doorbuster serve --demo
  $ doorbuster sale list
  $ doorbuster rush --buyers 10000 --stock 1000

In a clone, \`npm run doorbuster -- COMMAND\` runs a command, \`npm start\` runs \`serve --demo\`.

Exit codes: 0 done, 1 failed, 2 wrong usage.
Environment: DOORBUSTER_… sets any setting (docs/config.md); DOORBUSTER_URL and DOORBUSTER_TOKEN
are the server and the token of client commands; DOORBUSTER_CONFIG is --config; NO_COLOR turns
colours off; DOORBUSTER_DEBUG=1 shows stack traces.`;
