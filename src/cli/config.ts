/** `config check` and `config print`: what the configuration is, before anything is started with
 *  it. */
import type { Command } from "commander";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { type PrintedField, printedConfig, printedFields } from "../config/print.ts";
import { formatProblems } from "../config/problems.ts";
import { documented, group, type JsonOption, withConfig } from "./documented.ts";
import { formatTable } from "./table.ts";
import { configOf, printJson, printLine, type World } from "./world.ts";

interface ConfigOptions extends JsonOption {
  readonly config?: string;
}

export function configCommand(world: World): Command {
  const examples = ["config check", "config print --config production.yaml"];
  return group("config", "check and show the configuration", examples)
    .addCommand(checkCommand(world))
    .addCommand(printCommand(world));
}

function checkCommand(world: World): Command {
  const command = documented("check", {
    summary: "report every problem of the configuration; exit code 1 if there is one",
    examples: ["config check", "config check --config production.yaml --json"],
    json: '{"ok":true|false,"file":text|null,"problems":[{"field","value","source","message"}…]}',
  });
  return withConfig(command).action(async ({ config: file, json }: ConfigOptions) => {
    const loaded = await loadConfig({ cwd: world.cwd, env: world.env, file });
    const problems = loaded.ok ? [] : loaded.error;
    world.exitCode = loaded.ok ? 0 : 1;
    if (json) printJson(world, { ok: loaded.ok, file: fileOf(loaded), problems });
    else printLine(world, loaded.ok ? validText(loaded.value) : formatProblems(problems));
  });
}

function printCommand(world: World): Command {
  const command = documented("print", {
    summary: "show every setting in effect and where it was set; secrets are masked",
    examples: ["config print", "DOORBUSTER_PORT=8080 doorbuster config print --json"],
    json: '{"config":{…as in a file…},"sources":{"port":"environment DOORBUSTER_PORT",…}}',
  });
  return withConfig(command).action(async ({ config: file, json }: ConfigOptions) => {
    const printed = printedFields(await configOf(world, file));
    if (json) printJson(world, jsonOf(printed));
    else printLine(world, formatFields(printed));
  });
}

type Loading = { readonly ok: true; readonly value: LoadedConfig } | { readonly ok: false };

function fileOf(loaded: Loading): string | null {
  return loaded.ok ? loaded.value.file : null;
}

function validText({ file }: LoadedConfig): string {
  const from = file === null ? "no file; defaults and environment" : file;
  return `The configuration is valid (${from}).`;
}

function jsonOf(printed: readonly PrintedField[]) {
  const sources = Object.fromEntries(printed.map(({ field, source }) => [field, source]));
  return { config: printedConfig(printed), sources };
}

function formatFields(printed: readonly PrintedField[]): string {
  return formatTable(
    [
      { title: "SETTING", cell: ({ field }) => field },
      { title: "VALUE", cell: ({ value }) => JSON.stringify(value) },
      { title: "FROM", cell: ({ source }) => source },
    ],
    printed,
  );
}
