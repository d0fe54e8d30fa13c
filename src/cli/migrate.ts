/** `migrate`: makes and updates the tables and topics of clustered stores. */
import type { Command } from "commander";
import type { Config } from "../config/validate.ts";
import { documented, type JsonOption, withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { configOf, printJson, printLine, type World } from "./world.ts";

interface MigrateOptions extends JsonOption {
  readonly config?: string;
}

export function migrateCommand(world: World): Command {
  const command = documented("migrate", {
    summary: "make or update the tables and topics of clustered stores; harmless to repeat",
    examples: ["migrate", "migrate --config production.yaml --json"],
    json: '{"done":["…"…]}',
  });
  return withConfig(command).action(async (options: MigrateOptions) => {
    const { config } = await configOf(world, options.config);
    requireClustered(config);
    const done = await (await world.operate(config)).migrate();
    if (options.json) return printJson(world, { done });
    printLine(world, done.length === 0 ? "Everything is up to date." : done.join("\n"));
  });
}

/** Embedded stores keep themselves up to date. */
export function requireClustered({ stores }: Config): void {
  if (stores.kind === "clustered") return;
  throw new CliFailure({
    code: "stores-embedded",
    message: "this is for clustered stores, and the configuration says stores.kind: embedded",
    help: "Embedded stores are made, updated and loaded anew whenever `serve` starts.",
  });
}
