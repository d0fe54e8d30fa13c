/** `sale rebuild`: loads a sale's stock anew from the ledger, after Redis lost it. */
import type { Command } from "commander";
import { parseSaleId } from "../domain/ids.ts";
import { documented, type JsonOption, withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { requireClustered } from "./migrate.ts";
import { configOf, printJson, printLine, type World } from "./world.ts";

interface RebuildOptions extends JsonOption {
  readonly config?: string;
}

export function rebuildCommand(world: World): Command {
  const command = documented("rebuild", {
    summary: "load a sale's stock anew from the ledger, after Redis was restarted or lost it",
    examples: ["sale rebuild s1", "sale rebuild s1 --config production.yaml"],
    json: '{"sale":id,"epoch":n}',
  }).argument("<sale>", "the sale's id, like s1");
  return withConfig(command).action(async (id: string, options: RebuildOptions) => {
    const { config } = await configOf(world, options.config);
    requireClustered(config);
    const saleId = parseSaleId(id);
    const say = (line: string) => world.err(`${line}\n`);
    const epoch = saleId === null ? null : await (await world.operate(config)).rebuild(saleId, say);
    if (epoch === null) throw new CliFailure({ code: "sale-not-found", message: `no sale ${id}` });
    if (epoch === "overtaken") throw overtaken(id);
    if (options.json) return printJson(world, { sale: id, epoch });
    printLine(world, `Sale ${id} sells again, under epoch ${epoch}.`);
  });
}

function overtaken(id: string): CliFailure {
  return new CliFailure({
    code: "overtaken",
    message: `somebody else is loading sale ${id}`,
    help: "Wait a moment and look: `doorbuster sale show`. Repeat the command if it does not sell.",
  });
}
