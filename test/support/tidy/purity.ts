// Time, chance and timers are arguments of the domain and of the use cases, never taken from the
// air: that is what lets the same code run on simulated time.

import type { Node } from "@babel/types";
import { isCode, walk } from "./syntax.ts";
import type { TextFile } from "./tree.ts";

const AMBIENT_MEMBERS = new Set([
  "Date.now",
  "Math.random",
  "performance.now",
  "process.hrtime",
  "crypto.randomUUID",
  "crypto.getRandomValues",
  "Bun.nanoseconds",
  "Bun.randomUUIDv7",
  "Bun.sleep",
]);
const AMBIENT_CALLS = new Set(["setTimeout", "setInterval", "setImmediate", "Date"]);

export function ambientTimeAndChance(files: readonly TextFile[]): string[] {
  return files.filter(isPure).flatMap((file) => {
    const found: string[] = [];
    walk(file, (node) => {
      const ambient = ambientName(node);
      if (ambient !== undefined) found.push(`${file.path} uses ${ambient}`);
    });
    return found;
  });
}

function isPure(file: TextFile): boolean {
  return /^src\/(domain|usecases)\//.test(file.path) && isCode(file);
}

function ambientName(node: Node): string | undefined {
  if (node.type === "MemberExpression") return ambientMember(node.object, node.property);
  if (node.type === "NewExpression") return bareDate(node);
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier") return undefined;
  return AMBIENT_CALLS.has(node.callee.name) ? node.callee.name : undefined;
}

function ambientMember(object: Node, property: Node): string | undefined {
  if (object.type !== "Identifier" || property.type !== "Identifier") return undefined;
  const name = `${object.name}.${property.name}`;
  return AMBIENT_MEMBERS.has(name) ? name : undefined;
}

/** `new Date()` reads the clock; `new Date(instant)` only converts. */
function bareDate(node: Extract<Node, { type: "NewExpression" }>): string | undefined {
  const isDate = node.callee.type === "Identifier" && node.callee.name === "Date";
  return isDate && node.arguments.length === 0 ? "new Date()" : undefined;
}
