/** The parts of Lua's library, and of the struct library that Redis adds, that our scripts use. */
import {
  LuaError,
  type LuaFunction,
  LuaTable,
  type LuaValue,
  numeric,
  toNumber,
  truthy,
  typeName,
} from "./lua-values.ts";

type Library = Readonly<Record<string, LuaFunction>>;

const string: Library = {
  sub: (value, from, to) => {
    const whole = bytes(value);
    const start = place(numeric(from), whole.length);
    const end = to === undefined ? whole.length : place(numeric(to), whole.length);
    return [whole.slice(Math.max(0, start - 1), Math.max(0, end))];
  },
  byte: (value, from, to) => {
    const whole = bytes(value);
    const start = from === undefined ? 1 : place(numeric(from), whole.length);
    const end = to === undefined ? start : place(numeric(to), whole.length);
    const codes: number[] = [];
    for (let at = Math.max(1, start); at <= Math.min(end, whole.length); at += 1) {
      codes.push(whole.charCodeAt(at - 1));
    }
    return codes;
  },
  find: (value, wanted, from, plain) => {
    if (!truthy(plain)) throw new LuaError("patterns in string.find are not known here");
    const at = bytes(value).indexOf(bytes(wanted), Math.max(0, numeric(from) - 1));
    return at < 0 ? [undefined] : [at + 1, at + bytes(wanted).length];
  },
  match: (value, pattern) => {
    const found = expressionOf(bytes(pattern)).exec(bytes(value));
    return [found === null ? undefined : (found[1] ?? found[0])];
  },
};

const math: Library = {
  floor: (value) => [Math.floor(numeric(value))],
  min: (...values) => [Math.min(...values.map(numeric))],
  max: (...values) => [Math.max(...values.map(numeric))],
};

const table: Library = {
  insert: (into, ...rest) => {
    if (!(into instanceof LuaTable)) throw new LuaError("table.insert needs a table");
    const [at, value] = rest.length === 1 ? [into.list.length + 1, rest[0]] : rest;
    into.list.splice(numeric(at) - 1, 0, value);
    return [];
  },
};

/** Roberto Ierusalimschy's struct library, big-endian only: `In` an unsigned integer of n bytes,
 * `B` one byte, `cn` n characters. */
const struct: Library = {
  pack: (format, ...values) => {
    let packed = "";
    fieldsOf(bytes(format)).forEach(({ kind, size }, at) => {
      const value = values[at];
      packed += kind === "c" ? exactly(bytes(value), size) : integerBytes(numeric(value), size);
    });
    return [packed];
  },
  unpack: (format, value, from) => {
    const whole = bytes(value);
    let at = from === undefined ? 0 : numeric(from) - 1;
    const found: LuaValue[] = fieldsOf(bytes(format)).map(({ kind, size }) => {
      if (at + size > whole.length) throw new LuaError("data string too short");
      const part = whole.slice(at, at + size);
      at += size;
      return kind === "c" ? part : integerOf(part);
    });
    return [...found, at + 1];
  },
};

export const library = {
  string,
  math,
  table,
  struct,
  tonumber: (value: LuaValue) => [typeof value === "string" ? toNumber(value) : numberOrNil(value)],
  unpack: (value: LuaValue, from?: LuaValue) => listOf(value).slice(numeric(from ?? 1) - 1),
  ipairs: (value: LuaValue) => {
    const all = listOf(value);
    const end = all.indexOf(undefined);
    return (end < 0 ? all : all.slice(0, end)).map((one, at) => [at + 1, one] as const);
  },
  pairs: (value: LuaValue) => {
    if (value instanceof LuaTable) return [...value.entries()];
    throw new LuaError(`pairs of a ${typeName(value)} value`);
  },
};

function listOf(value: LuaValue): readonly LuaValue[] {
  if (value instanceof LuaTable) return value.list;
  throw new LuaError(`table expected, got ${typeName(value)}`);
}

function bytes(value: LuaValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new LuaError(`string expected, got ${typeName(value)}`);
}

const numberOrNil = (value: LuaValue) => (typeof value === "number" ? value : undefined);

/** A position counted from the end if it is negative. */
const place = (at: number, end: number) => (at < 0 ? end + at + 1 : at);

const expressions = new Map<string, RegExp>();

/** Only what needs no thought: classes for digits, anchors, repetition, one capture. */
function expressionOf(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  if (!/^\^?[\w:]*\(%[dx]\+\)\$?$/.test(pattern)) throw new LuaError(`unknown pattern ${pattern}`);
  const made = new RegExp(pattern.replaceAll("%d", "[0-9]").replaceAll("%x", "[0-9a-fA-F]"));
  expressions.set(pattern, made);
  return made;
}

interface Field {
  readonly kind: "I" | "c";
  readonly size: number;
}

const formats = new Map<string, readonly Field[]>();

function fieldsOf(format: string): readonly Field[] {
  const known = formats.get(format);
  if (known !== undefined) return known;
  if (!/^>(I\d|B|c\d+)+$/.test(format)) throw new LuaError(`unknown format ${format}`);
  const made = [...format.matchAll(/B|([Ic])(\d+)/g)].map(([, kind, size]) => ({
    kind: kind === "c" ? ("c" as const) : ("I" as const),
    size: Number(size ?? 1),
  }));
  formats.set(format, made);
  return made;
}

function exactly(value: string, size: number): string {
  if (value.length < size) throw new LuaError("string too short");
  return value.slice(0, size);
}

function integerBytes(value: number, size: number): string {
  let packed = "";
  for (let at = 0, left = value; at < size; at += 1) {
    packed = String.fromCharCode(left % 256) + packed;
    left = Math.floor(left / 256);
  }
  return packed;
}

function integerOf(part: string): number {
  let value = 0;
  for (let at = 0; at < part.length; at += 1) value = value * 256 + part.charCodeAt(at);
  return value;
}
