// Reads TypeScript into a syntax tree, and walks it.

import { type ParserPlugin, parse } from "@babel/parser";
import type { File, Node } from "@babel/types";
import type { TextFile } from "./tree.ts";

const PARSED = new Map<string, File>();

export function isCode(file: TextFile): boolean {
  return /\.(ts|tsx|mjs)$/.test(file.path) && !file.path.endsWith(".d.ts");
}

export function isTest(file: TextFile): boolean {
  return file.path.endsWith(".test.ts");
}

/** Throws when the text does not parse, and names the file. */
export function syntaxOf(file: TextFile): File {
  const known = PARSED.get(file.text);
  if (known !== undefined) return known;
  const tree = parse(file.text, {
    sourceType: "module",
    sourceFilename: file.path,
    createImportExpressions: true,
    plugins: pluginsFor(file.path),
  });
  PARSED.set(file.text, tree);
  return tree;
}

function pluginsFor(path: string): ParserPlugin[] {
  const plugins: ParserPlugin[] = ["typescript", "explicitResourceManagement"];
  return path.endsWith("x") ? [...plugins, "jsx"] : plugins;
}

/** Calls `visit` for each node, parents first. `ancestors` ends with the node's parent. */
export function walk(
  file: TextFile,
  visit: (node: Node, ancestors: readonly Node[]) => void,
): void {
  descend(syntaxOf(file).program, [], visit);
}

function descend(
  node: Node,
  ancestors: readonly Node[],
  visit: (node: Node, ancestors: readonly Node[]) => void,
): void {
  visit(node, ancestors);
  const path = [...ancestors, node];
  for (const child of childrenOf(node)) descend(child, path, visit);
}

function childrenOf(node: Node): Node[] {
  return Object.entries(node)
    .filter(([key]) => key !== "loc" && !key.endsWith("Comments"))
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** The name at the left end of a call: `test` in `test(…)`, `test.each(…)(…)` and
 * `test.if(x)(…)`. */
export function calleeName(node: Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type === "CallExpression") return calleeName(node.callee);
  if (node.type === "MemberExpression") return calleeName(node.object);
  return undefined;
}
