/** Values and operators of Lua 5.1 as far as scripts for Redis use them. Strings are JavaScript
 *  strings of bytes (latin1), nil is `undefined`. Where Lua raises an error, so do these. */

export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction;
/** Every function returns a list of values. */
export type LuaFunction = (...args: LuaValue[]) => readonly LuaValue[];

export class LuaError extends Error {
  override readonly name = "LuaError";
}

export class LuaTable {
  /** Values of the keys 1, 2, 3 … without a gap. */
  readonly list: LuaValue[];
  private readonly rest = new Map<LuaValue, LuaValue>();

  constructor(list: LuaValue[] = []) {
    this.list = list;
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === "number" && key >= 1 && key <= this.list.length) return this.list[key - 1];
    return this.rest.get(key);
  }

  set(key: LuaValue, value: LuaValue): void {
    if (key === undefined) throw new LuaError("table index is nil");
    const { list, rest } = this;
    if (typeof key !== "number" || key < 1 || key > list.length + 1) {
      if (value === undefined) rest.delete(key);
      else rest.set(key, value);
    } else if (key <= list.length) {
      list[key - 1] = value;
      while (list.length > 0 && list.at(-1) === undefined) list.pop();
    } else if (value !== undefined) {
      list.push(value);
      for (let next = rest.get(list.length + 1); next !== undefined; ) {
        rest.delete(list.length + 1);
        list.push(next);
        next = rest.get(list.length + 1);
      }
    }
  }

  *entries(): Generator<[LuaValue, LuaValue]> {
    for (const [at, value] of this.list.entries()) yield [at + 1, value];
    yield* this.rest.entries();
  }
}

export function truthy(value: LuaValue): boolean {
  return value !== undefined && value !== false;
}

export function index(value: LuaValue, key: LuaValue): LuaValue {
  if (value instanceof LuaTable) return value.get(key);
  throw new LuaError(`attempt to index a ${typeName(value)} value`);
}

export function setIndex(table: LuaValue, key: LuaValue, value: LuaValue): void {
  if (!(table instanceof LuaTable)) {
    throw new LuaError(`attempt to index a ${typeName(table)} value`);
  }
  table.set(key, value);
}

export function call(value: LuaValue, ...args: LuaValue[]): readonly LuaValue[] {
  if (typeof value === "function") return value(...args);
  throw new LuaError(`attempt to call a ${typeName(value)} value`);
}

/** The number that a value counts as in arithmetic. */
export function numeric(value: LuaValue): number {
  if (typeof value === "number") return value;
  const number = typeof value === "string" ? toNumber(value) : undefined;
  if (number !== undefined) return number;
  throw new LuaError(`attempt to perform arithmetic on a ${typeName(value)} value`);
}

export function modulo(a: LuaValue, b: LuaValue): number {
  const [x, y] = [numeric(a), numeric(b)];
  return x - Math.floor(x / y) * y;
}

export function concat(a: LuaValue, b: LuaValue): string {
  return text(a) + text(b);
}

export function lessThan(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a === "string" && typeof b === "string") return a < b;
  throw new LuaError(`attempt to compare ${typeName(a)} with ${typeName(b)}`);
}

export function atMost(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === "number" && typeof b === "number") return a <= b;
  return !lessThan(b, a);
}

export function length(value: LuaValue): number {
  if (typeof value === "string") return value.length;
  if (value instanceof LuaTable) return value.list.length;
  throw new LuaError(`attempt to get length of a ${typeName(value)} value`);
}

/** As `..` writes it, which is C's %.14g. */
export function text(value: LuaValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value, 14);
  throw new LuaError(`attempt to concatenate a ${typeName(value)} value`);
}

export function numberText(value: number, digits: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10 ** digits) return String(value);
  return String(Number(value.toPrecision(digits)));
}

export function toNumber(value: string): number | undefined {
  const trimmed = value.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return undefined;
  return Number(trimmed);
}

export function typeName(value: LuaValue): string {
  if (value === undefined) return "nil";
  return value instanceof LuaTable ? "table" : typeof value;
}
