/** The schema as a flat list of fields, with what people need to know of each: its path, its
 *  environment variable, what it allows. Also finds the part of the schema that a path leads to. */
import { z } from "zod";
import { settingsSchema } from "./schema.ts";

export type SchemaNode = z.core.JSONSchema.BaseSchema;

export interface Field {
  /** As in a file: `auth.devTokens`. */
  readonly path: string;
  /** As in the environment: `DOORBUSTER_AUTH_DEV_TOKENS`. */
  readonly variable: string;
  readonly node: SchemaNode;
  readonly default: unknown;
  readonly description: string;
  /** Is or contains a secret: masked, and may be given as `…_FILE`. */
  readonly secret: boolean;
}

const root = z.toJSONSchema(settingsSchema, { io: "input" });

export const fields: readonly Field[] = leaves(root, []);

/** The schema at a path such as ["auth", "keys", "0", "kid"], or null if there is none. */
export function nodeAt(path: readonly string[], from: SchemaNode = root): SchemaNode | null {
  const [key, ...rest] = path;
  const node = plain(from);
  if (key === undefined) return node;
  const next = node.properties?.[key] ?? (Array.isArray(node.items) ? undefined : node.items);
  return isNode(next) ? nodeAt(rest, next) : null;
}

export function isSecret(node: SchemaNode): boolean {
  const inner = plain(node);
  if (inner.secret === true || inner !== node) return inner.secret === true;
  const children: unknown[] = [node.items, ...Object.values(node.properties ?? {})];
  return children.some((child) => isNode(child) && isSecret(child));
}

/** What a part of the schema allows, as the end of a sentence that begins with "must be". */
export function allowedBy(node: SchemaNode): string {
  const inner = allowedByPlain(plain(node));
  return isNullable(node) ? `${inner}, or null` : inner;
}

/** The names inside a group of settings. */
export function keysOf(node: SchemaNode | null): string[] {
  return Object.keys(node?.properties ?? {});
}

export function isNode(value: unknown): value is SchemaNode {
  return typeof value === "object" && value !== null;
}

export function isNullable(node: SchemaNode): boolean {
  return typesOf(node).includes("null") || plain(node) !== node;
}

/** The type of a value that is not null. */
export function typeOf(node: SchemaNode): string | undefined {
  return typesOf(plain(node)).find((type) => type !== "null");
}

/** Without the wrapping that says that null is fine, too. */
export function plain(node: SchemaNode): SchemaNode {
  const inner = node.anyOf?.find((option) => isNode(option) && option.type !== "null");
  return isNode(inner) ? inner : node;
}

/** JSON Schema's `type` is one name or a list of them. */
function typesOf(node: SchemaNode): string[] {
  const type: unknown = node.type;
  return [type].flat().filter((name) => typeof name === "string");
}

function allowedByPlain(node: SchemaNode): string {
  if (typeof node.allowed === "string") return node.allowed;
  if (node.enum !== undefined) return oneOf(node.enum);
  switch (typeOf(node)) {
    case "boolean":
      return "true or false";
    case "integer":
      return `a whole number from ${node.minimum} to ${node.maximum}`;
    case "array":
      return isNode(node.items) ? `a list, each ${allowedBy(node.items)}` : "a list";
    case "object":
      return `a group with the settings ${keysOf(node).join(", ")}`;
    default:
      return "text";
  }
}

function oneOf(names: readonly unknown[]): string {
  return names.length === 1 ? String(names[0]) : `one of ${names.join(", ")}`;
}

function leaves(node: SchemaNode, path: readonly string[]): Field[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    if (!isNode(child)) return [];
    const at = [...path, key];
    return child.properties === undefined ? [fieldOf(child, at)] : leaves(child, at);
  });
}

function fieldOf(node: SchemaNode, path: readonly string[]): Field {
  return {
    path: path.join("."),
    variable: `DOORBUSTER_${path.map(snake).join("_")}`,
    node,
    default: node.default,
    description: node.description ?? plain(node).description ?? "",
    secret: isSecret(node),
  };
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
