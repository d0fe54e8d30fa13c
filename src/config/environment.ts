/** The environment as a layer: DOORBUSTER_ and the setting's path. A secret may also be the content
 *  of the file that …_FILE names. A DOORBUSTER_ variable that nobody knows is a mistake, not a
 *  comment. */
import { type Field, fields } from "./fields.ts";
import { type Layer, withValue } from "./layers.ts";
import { type ConfigProblem, hint } from "./problems.ts";
import { parseText } from "./text-values.ts";
import { whyUnreadable } from "./why-unreadable.ts";

export type Environment = Readonly<Record<string, string | undefined>>;
export type ReadTextFile = (path: string) => string;

/** Variables that steer the command line and are no settings. */
export const otherVariables: Readonly<Record<string, string>> = {
  DOORBUSTER_CONFIG: "The configuration file, like `--config`.",
  DOORBUSTER_URL: "The server that the client commands talk to, like `--url`.",
  DOORBUSTER_TOKEN: "The token that the client commands send, like `--token`.",
  DOORBUSTER_DEBUG: "`1` shows stack traces of errors.",
};

export interface EnvironmentReading {
  readonly layer: Layer;
  /** Variables that nobody reads. */
  readonly unknown: readonly ConfigProblem[];
  /** Settings whose value is not known. */
  readonly unreadable: readonly ConfigProblem[];
}

interface Setting {
  readonly field: Field;
  readonly variable: string;
  readonly value: unknown;
}

/** Reads the variables that are set; an empty one counts as not set. */
export function readEnvironment(env: Environment, readFile: ReadTextFile): EnvironmentReading {
  const readings = fields.map((field) => readField(env, field, readFile));
  const settings = readings.flatMap((reading) => reading.setting ?? []);
  const unreadable = readings.flatMap((reading) => reading.problem ?? []);
  return { layer: layerOf(settings), unknown: unknownVariables(env), unreadable };
}

/** The names that may be set, for the hint and the documentation. */
export function knownVariables(): string[] {
  const settings = fields.flatMap((field) => (field.secret ? bothNames(field) : [field.variable]));
  return [...settings, ...Object.keys(otherVariables)];
}

function bothNames(field: Field): string[] {
  return [field.variable, `${field.variable}_FILE`];
}

function readField(
  env: Environment,
  field: Field,
  readFile: ReadTextFile,
): { setting?: Setting; problem?: ConfigProblem } {
  const text = env[field.variable] ?? "";
  const fileVariable = `${field.variable}_FILE`;
  const path = field.secret ? (env[fileVariable] ?? "") : "";
  if (text !== "" && path !== "") return { problem: setTwice(field.variable, fileVariable) };
  if (text !== "") return { setting: settingOf(field, field.variable, text) };
  if (path === "") return {};
  try {
    return { setting: settingOf(field, fileVariable, readFile(path).trimEnd()) };
  } catch (reason) {
    return { problem: notReadable(fileVariable, reason) };
  }
}

function settingOf(field: Field, variable: string, text: string): Setting {
  return { field, variable, value: parseText(text, field) };
}

function layerOf(settings: readonly Setting[]): Layer {
  const values = settings.reduce<Record<string, unknown>>(
    (tree, { field, value }) => withValue(tree, field.path.split("."), value),
    {},
  );
  return {
    values,
    sourceOf: (path) => {
      const at = path.join(".");
      const set = settings.find(({ field }) => `${at}.`.startsWith(`${field.path}.`));
      return { kind: "environment", name: set?.variable ?? "" };
    },
  };
}

function unknownVariables(env: Environment): ConfigProblem[] {
  const known = knownVariables();
  return Object.keys(env)
    .filter((name) => name.startsWith("DOORBUSTER_") && !known.includes(name))
    .map((name) => problem(name, null, `is not a variable of Doorbuster${hint(name, known)}`));
}

function setTwice(variable: string, fileVariable: string): ConfigProblem {
  return problem(fileVariable, null, `and ${variable} are both set; unset one of them`);
}

/** The value is not shown: it may be the secret itself. */
function notReadable(variable: string, reason: unknown): ConfigProblem {
  const message = `must name a file that can be read: ${whyUnreadable(reason)}`;
  return problem(variable, null, message);
}

function problem(name: string, value: string | null, message: string): ConfigProblem {
  return { field: name, value, source: { kind: "environment", name }, message };
}
