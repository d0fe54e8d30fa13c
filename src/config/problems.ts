/** What is wrong with a configuration, in words: field, value (secrets masked), where it was set,
 *  what is allowed. */
import type { z } from "zod";
import { allowedBy, fields, keysOf, nodeAt, type SchemaNode } from "./fields.ts";
import { type Layer, type Source, sourceOf, sourceText, valueAt } from "./layers.ts";
import { masked } from "./mask.ts";
import { nearest } from "./nearest.ts";

export interface ConfigProblem {
  /** The setting's path; a variable's or a file's name if the problem is with that. */
  readonly field: string;
  /** As JSON, secrets masked; null if there is nothing to show. */
  readonly value: string | null;
  readonly source: Source;
  /** What is wrong or allowed: a sentence without its subject. */
  readonly message: string;
}

export type Issue = z.core.$ZodIssue;

export function problemsOf(
  issues: readonly Issue[],
  tree: Record<string, unknown>,
  layers: readonly Layer[],
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => unknownKey(path, key, layers));
    }
    return [wrongValue(path, tree, layers)];
  });
}

/** The settings that an issue makes unusable; of a list, the whole list. */
export function brokenPaths(issue: Issue): string[][] {
  const path = issue.path.map(String);
  const around = fields.find((field) => `${path.join(".")}.`.startsWith(`${field.path}.`));
  if (around !== undefined) return [around.path.split(".")];
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
}

export function formatProblems(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  const entries = problems.map((problem) => {
    const value = problem.value === null ? "" : ` = ${problem.value}`;
    const where = problem.field === problem.source.name ? "" : `  (${sourceText(problem.source)})`;
    return `  ${problem.field}${value}${where}\n    ${problem.message}`;
  });
  return [`The configuration has ${count}:`, ...entries].join("\n");
}

/** A value as it may be shown. */
export function shown(value: unknown, node: SchemaNode | null): string | null {
  if (value === undefined || node === null) return null;
  return JSON.stringify(masked(value, node));
}

/** The hint at a name that was probably meant, or at all that there are. */
export function hint(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  if (meant !== null) return `; did you mean ${meant}?`;
  return known.length <= 20 ? `; there is ${known.join(", ")}` : "";
}

function wrongValue(
  path: readonly string[],
  tree: Record<string, unknown>,
  layers: readonly Layer[],
): ConfigProblem {
  const node = nodeAt(path);
  return {
    field: path.join(".").replaceAll(/\.(\d+)/g, "[$1]"),
    value: shown(valueAt(tree, path), node),
    source: sourceOf(layers, path),
    message: node === null ? "is not allowed" : `must be ${allowedBy(node)}`,
  };
}

/** A key that is no name would not be seen for what it is, or not at all. */
function plainly(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

/** The value of an unknown key is never shown: it may be a secret under a mistyped name. */
function unknownKey(path: readonly string[], key: string, layers: readonly Layer[]): ConfigProblem {
  const field = [...path, plainly(key)].join(".");
  const siblings = keysOf(nodeAt(path)).map((name) => [...path, name].join("."));
  const elsewhere = fields.map((known) => known.path).filter((known) => known.endsWith(`.${key}`));
  const misplaced = `; did you mean ${elsewhere.join(" or ")}?`;
  const message = `is not a setting${elsewhere.length > 0 ? misplaced : hint(field, siblings)}`;
  return { field, value: null, source: sourceOf(layers, [...path, key]), message };
}
