/** Loads the configuration: defaults ← file ← environment ← flags, validated once, every problem
 *  reported together. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { err, ok, type Result } from "../lib/result.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { fields } from "./fields.ts";
import { findConfigFile, readConfigFile } from "./file.ts";
import { type Layer, mergeLayers, withoutPath, withValue } from "./layers.ts";
import { brokenPaths, type ConfigProblem, type Issue, problemsOf } from "./problems.ts";
import { type Settings, settingsSchema } from "./schema.ts";
import { withSecretFiles } from "./secret-files.ts";
import { parseText } from "./text-values.ts";
import { type Config, resolveConfig } from "./validate.ts";

export interface ConfigInput {
  /** Where `doorbuster.yaml` is looked for and relative paths start. */
  readonly cwd: string;
  readonly env: Environment;
  /** The file to read; without it, the one in `cwd`, if any. */
  readonly file?: string | undefined;
  /** Text of flags by setting; undefined if the flag was not given. */
  readonly flags?: readonly Flag[];
}

export interface Flag {
  /** As on the command line: `--port`. */
  readonly name: string;
  /** The setting it gives: `port`. */
  readonly path: string;
  readonly value: string | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly settings: Settings;
  /** Null if there was no file. */
  readonly file: string | null;
  /** From the lowest to the uppermost. */
  readonly layers: readonly Layer[];
}

export async function loadConfig(
  input: ConfigInput,
): Promise<Result<LoadedConfig, readonly ConfigProblem[]>> {
  const found = findConfigFile(input.cwd, input.file ?? (input.env.DOORBUSTER_CONFIG || undefined));
  const file = await fileLayer(input.cwd, found);
  const environment = readEnvironment(input.env, (path) => readText(input.cwd, path));
  const layers = [...file.layers, environment.layer, flagLayer(input.flags ?? [])];
  const unreadable = [...file.problems, ...environment.unreadable];
  const loaded = validate(layers, unreadable.length === 0);
  const problems = [...unreadable, ...environment.unknown, ...(loaded.ok ? [] : loaded.error)];
  if (!loaded.ok || problems.length > 0) return err(problems);
  return ok({ ...loaded.value, file: found.ok ? found.value : null, layers });
}

async function fileLayer(
  cwd: string,
  found: Result<string | null, ConfigProblem>,
): Promise<{ layers: readonly Layer[]; problems: readonly ConfigProblem[] }> {
  if (!found.ok) return { layers: [], problems: [found.error] };
  if (found.value === null) return { layers: [], problems: [] };
  const layer = await readConfigFile(cwd, found.value);
  if (!layer.ok) return { layers: [], problems: [layer.error] };
  const readFile = (path: string) => readText(cwd, path);
  const { values, problems } = withSecretFiles(layer.value.values, found.value, readFile);
  return { layers: [{ ...layer.value, values }], problems };
}

/** Rules across fields are checked, too, when some fields are wrong: without those, and unless
 *  something could not be read, because then the rules would complain about what is only missing.
 *  */
function validate(
  layers: readonly Layer[],
  complete: boolean,
): Result<{ config: Config; settings: Settings }, readonly ConfigProblem[]> {
  const tree = mergeLayers(layers);
  const parsed = settingsSchema.safeParse(tree);
  if (parsed.success && complete) {
    const config = resolveConfig(parsed.data, layers, []);
    return config.ok ? ok({ config: config.value, settings: parsed.data }) : config;
  }
  const issues = parsed.error?.issues ?? [];
  const problems = problemsOf(issues, tree, layers);
  return err(complete ? [...problems, ...problemsOfTheRest(tree, layers, issues)] : problems);
}

function problemsOfTheRest(
  tree: Record<string, unknown>,
  layers: readonly Layer[],
  issues: readonly Issue[],
): readonly ConfigProblem[] {
  const broken = issues.flatMap(brokenPaths);
  const rest = settingsSchema.safeParse(broken.reduce(withoutPath, tree));
  if (!rest.success) return [];
  const config = resolveConfig(
    rest.data,
    layers,
    broken.map((path) => path.join(".")),
  );
  return config.ok ? [] : config.error;
}

function flagLayer(flags: readonly Flag[]): Layer {
  const given = flags.filter((flag) => flag.value !== undefined);
  const values = given.reduce<Record<string, unknown>>((tree, flag) => {
    const field = fields.find((candidate) => candidate.path === flag.path);
    const text = flag.value ?? "";
    return withValue(
      tree,
      flag.path.split("."),
      field === undefined ? text : parseText(text, field),
    );
  }, {});
  return { values, sourceOf: (path) => ({ kind: "flag", name: flagName(given, path.join(".")) }) };
}

function flagName(flags: readonly Flag[], path: string): string {
  return flags.find((flag) => `${path}.`.startsWith(`${flag.path}.`))?.name ?? "";
}

function readText(cwd: string, path: string): string {
  return readFileSync(resolve(cwd, path), "utf8");
}
