/** Reads a setting from text, as the environment and flags give it. Text that does not fit stays
 *  text, so that the schema refuses it with the value as it was written. */
import { type Field, isNullable, typeOf } from "./fields.ts";

export function parseText(text: string, field: Field): unknown {
  if (text === "null" && isNullable(field.node)) return null;
  return parsers[typeOf(field.node) ?? ""]?.(text) ?? text;
}

const parsers: Record<string, (text: string) => unknown> = {
  integer: (text) => (/^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text),
  boolean: (text) => (text === "true" ? true : text === "false" ? false : text),
  array: (text) => (text.trimStart().startsWith("[") ? fromJson(text) : list(text)),
};

function list(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
