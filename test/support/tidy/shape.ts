// Rules on size and form: what keeps a file readable top-down.

import type { Node } from "@babel/types";
import { calleeName, isCode, isTest, walk } from "./syntax.ts";
import type { TextFile } from "./tree.ts";

const MAX_FUNCTION_LINES = 70;
const MAX_FILE_LINES = 400;
const MAX_MAIN_LINES = 80;
const MAX_COLUMNS = 100;
const MAX_PORT_METHODS = 9;
const MIN_TEST_NAME_WORDS = 3;
const KIND_FOLDERS = new Set(["classes", "utils", "types", "helpers"]);

export function longFunctions(files: readonly TextFile[]): string[] {
  return files
    .filter(isCode)
    .flatMap(functionsOf)
    .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
    .map(({ where, lines }) => `${where} has ${lines} lines`);
}

type MeasuredFunction = { readonly where: string; readonly lines: number };

function functionsOf(file: TextFile): MeasuredFunction[] {
  const found: MeasuredFunction[] = [];
  walk(file, (node, ancestors) => {
    const parent = ancestors.at(-1);
    if (!isFunction(node) || isChapter(node, parent)) return;
    found.push({ where: `${file.path}: ${functionName(node, parent)}`, lines: linesOf(node) });
  });
  return found;
}

function isFunction(node: Node): boolean {
  return /^(Function|ArrowFunction|ObjectMethod|ClassMethod|ClassPrivateMethod)/.test(node.type);
}

/** The callback of `describe` and the function of a contract suite only hold tests: they are
 *  chapters, not something somebody has to follow. */
function isChapter(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === "CallExpression" && calleeName(parent) === "describe") return true;
  if (!("body" in node) || typeof node.body !== "object" || node.body === null) return false;
  if (!("type" in node.body) || node.body.type !== "BlockStatement") return false;
  return node.body.body.some(isTestCall);
}

function isTestCall(statement: Node): boolean {
  if (statement.type !== "ExpressionStatement") return false;
  return /^(describe|test|it)$/.test(calleeName(statement.expression) ?? "");
}

function functionName(node: Node, parent: Node | undefined): string {
  const named = [node, parent].flatMap((owner) => [
    owner !== undefined && "id" in owner ? owner.id : undefined,
    owner !== undefined && "key" in owner ? owner.key : undefined,
  ]);
  const name = named.find((id) => typeof id === "object" && id?.type === "Identifier");
  return typeof name === "object" && name?.type === "Identifier" ? name.name : "a function";
}

function linesOf(node: Node): number {
  return node.loc ? node.loc.end.line - node.loc.start.line + 1 : 0;
}

export function longFiles(files: readonly TextFile[]): string[] {
  return files.filter(hasColumns).flatMap((file) => {
    const lines = file.text.trimEnd().split("\n").length;
    const most = file.path === "src/main.ts" ? MAX_MAIN_LINES : MAX_FILE_LINES;
    return lines > most ? [`${file.path} has ${lines} lines`] : [];
  });
}

export function wideLines(files: readonly TextFile[]): string[] {
  return files.filter(hasColumns).flatMap((file) =>
    file.text.split("\n").flatMap((line, index) => {
      const columns = [...line].length;
      return columns > MAX_COLUMNS ? [`${file.path}:${index + 1} has ${columns} columns`] : [];
    }),
  );
}

function hasColumns(file: TextFile): boolean {
  return isCode(file) || /\.(sql|lua)$/.test(file.path);
}

export function defaultExports(files: readonly TextFile[]): string[] {
  return files.filter(isCode).flatMap((file) => {
    const found: string[] = [];
    walk(file, (node) => {
      if (isDefaultExport(node)) found.push(`${file.path} has a default export`);
    });
    return found;
  });
}

function isDefaultExport(node: Node): boolean {
  if (node.type === "ExportDefaultDeclaration") return true;
  if (node.type !== "ExportSpecifier") return false;
  return node.exported.type === "Identifier" && node.exported.name === "default";
}

export function kindFolders(files: readonly TextFile[]): string[] {
  return files
    .filter((file) => file.path.split("/").some((part) => KIND_FOLDERS.has(part)))
    .map((file) => `${file.path} is in a folder named after a kind, not a noun of the domain`);
}

export function widePorts(files: readonly TextFile[]): string[] {
  const ports = files.filter((file) => file.path.startsWith("src/ports/") && isCode(file));
  return ports.flatMap((file) => {
    const found: string[] = [];
    walk(file, (node) => {
      const methods = methodsOf(node);
      if (methods > MAX_PORT_METHODS) found.push(`${file.path} has a port of ${methods} methods`);
    });
    return found;
  });
}

function methodsOf(node: Node): number {
  if (node.type === "TSInterfaceBody") return node.body.filter(isMethod).length;
  return node.type === "TSTypeLiteral" ? node.members.filter(isMethod).length : 0;
}

function isMethod(member: Node): boolean {
  if (member.type === "TSMethodSignature") return true;
  if (member.type !== "TSPropertySignature") return false;
  return member.typeAnnotation?.typeAnnotation.type === "TSFunctionType";
}

export function shortTestNames(files: readonly TextFile[]): string[] {
  return files.filter(isTest).flatMap((file) => {
    const found: string[] = [];
    walk(file, (node) => {
      const name = testName(node);
      if (name === undefined || name.split(/\s+/).length >= MIN_TEST_NAME_WORDS) return;
      found.push(`${file.path}: "${name}" is not a sentence about behaviour`);
    });
    return found;
  });
}

/** Undefined also for a name that is filled in from a table. */
function testName(node: Node): string | undefined {
  if (node.type !== "CallExpression" || !/^(test|it)$/.test(calleeName(node) ?? ""))
    return undefined;
  const name = node.arguments[0];
  return name?.type === "StringLiteral" && !/[%$]\w/.test(name.value) ? name.value : undefined;
}
