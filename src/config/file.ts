/** The configuration file as a layer: YAML or JSON, named by `--config` or found in the working
 *  directory. A file that cannot be parsed is reported with its line. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { err, ok, type Result } from "../lib/result.ts";
import { isGroup, type Layer } from "./layers.ts";
import type { ConfigProblem } from "./problems.ts";
import { whyUnreadable } from "./why-unreadable.ts";

const defaultNames = ["doorbuster.yaml", "doorbuster.yml", "doorbuster.json"] as const;

/** The file to read, as the user would write it; null if there is none. */
export function findConfigFile(
  cwd: string,
  named: string | undefined,
): Result<string | null, ConfigProblem> {
  if (named !== undefined) return ok(named);
  const found = defaultNames.filter((name) => existsSync(resolve(cwd, name)));
  const [first, second] = found;
  if (first !== undefined && second !== undefined) {
    return err(
      fileProblem(second, `is beside ${first}; keep one of them, or name one by --config`),
    );
  }
  return ok(first ?? null);
}

export async function readConfigFile(
  cwd: string,
  name: string,
): Promise<Result<Layer, ConfigProblem>> {
  const path = resolve(cwd, name);
  const text = readText(path, name);
  if (!text.ok) return text;
  const parsed = await parse(path, name, text.value);
  if (!parsed.ok) return parsed;
  const values = parsed.value ?? {};
  if (!isGroup(values)) {
    return err(fileProblem(name, "must hold settings as `name: value`, like `port: 7070`"));
  }
  return ok({ values, sourceOf: () => ({ kind: "file", name }) });
}

function readText(path: string, name: string): Result<string, ConfigProblem> {
  try {
    return ok(readFileSync(path, "utf8"));
  } catch (reason) {
    return err(fileProblem(name, `cannot be read: ${whyUnreadable(reason)}`));
  }
}

async function parse(
  path: string,
  name: string,
  text: string,
): Promise<Result<unknown, ConfigProblem>> {
  const json = name.endsWith(".json");
  try {
    return ok(json ? JSON.parse(text) : Bun.YAML.parse(text));
  } catch (reason) {
    const place = await placeOfError(path, json ? "jsonc" : "yaml");
    const format = json ? "JSON" : "YAML";
    const message = `is not valid ${format}: ${complaintOf(reason)}${place}${help}`;
    return err(fileProblem(name, message));
  }
}

const help = "\n    Mend it; `doorbuster config check` looks again without starting anything.";

/** The parsers do not say where they stopped, but Bun's module loader does. */
async function placeOfError(path: string, type: "jsonc" | "yaml"): Promise<string> {
  try {
    await import(path, { with: { type } });
    return "";
  } catch (reason) {
    const position = reason instanceof BuildMessage ? reason.position : null;
    if (position === null) return "";
    return ` in line ${position.line}, column ${position.column}`;
  }
}

/** The parser's complaint without what it quotes: that could be a piece of a secret. */
function complaintOf(reason: unknown): string {
  const text = String(reason).replace(/^(\w+: )?((YAML|JSON) Parse error: )?/, "");
  return text.replaceAll(/(["'`]).{2,}\1/g, "…");
}

function fileProblem(name: string, message: string): ConfigProblem {
  return { field: name, value: null, source: { kind: "file", name }, message };
}
