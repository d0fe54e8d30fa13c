// Rules on who may import whom, and on files that nobody imports.

import { dirname, join } from "node:path/posix";
import type { Node } from "@babel/types";
import { isCode, isTest, walk } from "./syntax.ts";
import type { TextFile } from "./tree.ts";

/** For each folder of `src`, the folders it may import besides itself. `domain`, `ports` and
 *  `usecases` are what runs everywhere, so they import no package and no built-in module either.
 *  `rush` and `bench` are clients of the public HTTP API: they see nothing of the server. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  domain: ["lib"],
  ports: ["domain", "lib"],
  usecases: ["ports", "domain", "lib"],
  adapters: ["ports", "domain", "lib"],
  config: ["domain", "lib"],
  observability: ["config", "ports", "domain", "lib"],
  http: ["usecases", "ports", "domain", "lib", "config", "observability"],
  roles: ["http", "usecases", "ports", "domain", "lib", "config", "observability"],
  compose: [
    "adapters",
    "roles",
    "http",
    "usecases",
    "ports",
    "domain",
    "lib",
    "config",
    "observability",
  ],
  rush: ["domain", "lib", "config"],
  bench: ["rush", "domain", "lib", "config"],
  cli: ["compose", "roles", "rush", "bench", "domain", "lib", "config", "observability"],
  main: ["cli", "compose", "roles", "domain", "lib", "config", "observability"],
};
const PORTABLE = new Set(["domain", "ports", "usecases"]);

export function wrongImports(files: readonly TextFile[]): string[] {
  const sources = files.filter((file) => file.path.startsWith("src/") && isCode(file));
  return sources.flatMap((file) =>
    importsOf(file)
      .map((specifier) => whyWrong(file.path, specifier))
      .filter((why) => why !== undefined)
      .map((why) => `${file.path} ${why}`),
  );
}

function whyWrong(path: string, specifier: string): string | undefined {
  const from = folderOf(path);
  const allowed = MAY_IMPORT[from];
  if (allowed === undefined) return `is in src/${from}, which has no rule in test/support/tidy`;
  if (!specifier.startsWith(".")) return PORTABLE.has(from) ? `imports ${specifier}` : undefined;
  const target = join(dirname(path), specifier);
  if (!target.startsWith("src/")) return whyWrongOutside(from, target);
  const to = folderOf(target);
  if (from === to) return whyWrongAdapter(path, target);
  return allowed.includes(to) ? undefined : `(${from}) imports ${target} (${to})`;
}

/** From outside `src`, a source may embed the pages and read package.json, nothing else. */
function whyWrongOutside(from: string, target: string): string | undefined {
  const fine = target === "package.json" || target.startsWith("web/");
  return fine && !PORTABLE.has(from) ? undefined : `imports ${target}, which is outside src`;
}

/** An adapter knows its own backend only, and what is shared by all of them. */
function whyWrongAdapter(path: string, target: string): string | undefined {
  const [from, to] = [path.split("/")[2], target.split("/")[2]];
  if (folderOf(path) !== "adapters" || from === to || to === "shared") return undefined;
  return `imports ${target}, which is another backend's`;
}

/** `src/domain/sale.ts` → `domain`; a file directly under `src` is a folder of its own. */
function folderOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(/\.ts$/, "");
}

/** The product starts in main.ts and in the scripts; what only a test reaches is no part of it. */
export function deadFiles(files: readonly TextFile[]): string[] {
  const graph = edgesOf(files);
  const scripts = files.map(({ path }) => path).filter(isScript);
  const tests = files.filter(isTest).map(({ path }) => path);
  const product = reachable(graph, ["src/main.ts", ...scripts]);
  const tested = reachable(graph, [...scripts, ...tests]);
  return files
    .filter(({ path }) => isDead(path, product, tested))
    .map(({ path }) => `${path} is reached from nowhere`)
    .concat(unnamedScripts(files, graph));
}

/** A declaration file is read by the compiler alone. */
function isDead(path: string, product: Set<string>, tested: Set<string>): boolean {
  if (path.endsWith(".d.ts")) return false;
  if (path.startsWith("src/")) return !product.has(path);
  return path.startsWith("test/") && !path.endsWith(".test.ts") && !tested.has(path);
}

function isScript(path: string): boolean {
  return path.startsWith("scripts/") || /^bench\/.*\.ts$/.test(path);
}

/** Somebody must run a script, or a user what is for measuring: package.json, CI, another script, a
 *  test or a page of the docs. */
function unnamedScripts(files: readonly TextFile[], graph: Map<string, string[]>): string[] {
  const imported = new Set([...graph.values()].flat());
  return files
    .filter(({ path }) => isScript(path) && !imported.has(path))
    .filter(({ path }) => !files.some((file) => file.path !== path && file.text.includes(path)))
    .map(({ path }) => `${path} is run by nothing and named nowhere`);
}

function edgesOf(files: readonly TextFile[]): Map<string, string[]> {
  const paths = new Set(files.map((file) => file.path));
  return new Map(
    files.filter(isCode).map((file) => [
      file.path,
      relativeStrings(file)
        .map((specifier) => join(dirname(file.path), specifier))
        .filter((target) => paths.has(target)),
    ]),
  );
}

function reachable(graph: Map<string, string[]>, roots: readonly string[]): Set<string> {
  const seen = new Set(roots);
  for (const path of seen) {
    for (const target of graph.get(path) ?? []) seen.add(target);
  }
  return seen;
}

/** What a module imports, by whatever syntax, types included. */
export function importsOf(file: TextFile): string[] {
  const found: string[] = [];
  walk(file, (node) => {
    const source = importSource(node);
    if (source?.type === "StringLiteral") found.push(source.value);
  });
  return found;
}

function importSource(node: Node): Node | null | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
      return node.source;
    case "TSImportType":
      return node.argument;
    default:
      return undefined;
  }
}

/** Relative paths in any string: imports, and files that are opened or started by their URL. */
function relativeStrings(file: TextFile): string[] {
  const found: string[] = [];
  walk(file, (node) => {
    if (node.type === "StringLiteral" && /^\.\.?\//.test(node.value)) found.push(node.value);
  });
  return found;
}
