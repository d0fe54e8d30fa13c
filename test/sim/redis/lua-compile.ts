/** Translates a Lua script to JavaScript, so that the simulator runs the very scripts that Redis
 *  runs, fast enough for thousands of runs. It knows the language as far as our scripts use it, and
 *  refuses everything else. A test on a real Redis compares the two. */
import { type Chunk, type Expression, parse, type Statement } from "luaparse";
import { library } from "./lua-library.ts";
import * as values from "./lua-values.ts";
import { LuaError, type LuaFunction, LuaTable, type LuaValue } from "./lua-values.ts";

export type LuaScript = (redisCall: LuaFunction, keys: string[], args: string[]) => LuaValue;

const known = new Map<string, LuaScript>();

export function luaScript(source: string): LuaScript {
  const before = known.get(source);
  if (before !== undefined) return before;
  const chunk = parse(source, { luaVersion: "5.1", encodingMode: "pseudo-latin1" });
  const body = new Translator().whole(chunk);
  const names = ["rt", "redis", "KEYS", "ARGV", ...Object.keys(library)];
  const run = new Function(...names, body) as (...globals: unknown[]) => readonly LuaValue[];
  const script: LuaScript = (redisCall, keys, args) => {
    const tables = [new LuaTable(keys), new LuaTable(args)];
    return run(values, { call: redisCall }, ...tables, ...Object.values(library))[0];
  };
  known.set(source, script);
  return script;
}

/** Names of locals, each with the JavaScript name it has here. */
type Scope = ReadonlyMap<string, string>;

const libraries = new Set(["redis", "string", "math", "table", "struct"]);
const functions = new Set(["tonumber", "unpack"]);

/** One script. Each local gets a name of its own, since Lua lets a block declare one twice. */
class Translator {
  private made = 0;

  private declare(scope: Scope, names: readonly string[]): [Scope, string[]] {
    const fresh = names.map((name) => {
      this.made += 1;
      return `${name}_${this.made}`;
    });
    return [
      new Map([...scope, ...names.map((name, at) => [name, fresh[at] ?? ""] as const)]),
      fresh,
    ];
  }

  private block(statements: readonly Statement[], outer: Scope): string {
    let scope = outer;
    const lines: string[] = [];
    for (const one of statements) {
      const [line, after] = this.statement(one, scope);
      lines.push(line);
      scope = after;
    }
    return lines.join("\n");
  }

  private statement(one: Statement, scope: Scope): [string, Scope] {
    switch (one.type) {
      case "LocalStatement": {
        const from = this.list(one.init, scope);
        const [after, names] = this.declare(
          scope,
          one.variables.map((variable) => variable.name),
        );
        return [this.locals(one.init, names, from), after];
      }
      case "FunctionDeclaration": {
        if (one.identifier?.type !== "Identifier") throw unknown(one.type);
        const [after, [name]] = this.declare(scope, [one.identifier.name]);
        return [`const ${name} = ${this.closure(one.parameters, one.body, after)};`, after];
      }
      default:
        return [this.simple(one, scope), scope];
    }
  }

  private locals(init: readonly Expression[], names: readonly string[], from: string): string {
    if (init.length === 0) return `let ${names.join(", ")};`;
    const all = `all_${names[0]}`;
    const values = names.map((name, at) => `${name} = ${all}[${at}]`);
    return `const ${all} = ${from}; let ${values.join(", ")};`;
  }

  private simple(one: Statement, scope: Scope): string {
    switch (one.type) {
      case "AssignmentStatement":
        return this.assignment(one.variables, this.list(one.init, scope), scope);
      case "CallStatement":
        return `${this.calls(one.expression, scope)};`;
      case "IfStatement":
        return this.conditional(one.clauses, scope);
      case "WhileStatement":
        return this.looping(one, scope);
      case "ForNumericStatement":
        return this.counting(one, scope);
      case "ForGenericStatement":
        return this.iterating(one, scope);
      case "ReturnStatement":
        return `return ${this.list(one.arguments, scope)};`;
      case "BreakStatement":
        return "break;";
      default:
        throw unknown(one.type);
    }
  }

  private looping(one: Extract<Statement, { type: "WhileStatement" }>, scope: Scope): string {
    const on = this.condition(one.condition, scope);
    return `while (${on}) {\n${this.block(one.body, scope)}\n}`;
  }

  private conditional(
    clauses: Extract<Statement, { type: "IfStatement" }>["clauses"],
    scope: Scope,
  ): string {
    const branches = clauses.map((clause) => {
      const body = `{\n${this.block(clause.body, scope)}\n}`;
      return clause.type === "ElseClause"
        ? body
        : `if (${this.condition(clause.condition, scope)}) ${body}`;
    });
    return branches.join(" else ");
  }

  private counting(one: Extract<Statement, { type: "ForNumericStatement" }>, scope: Scope): string {
    const [inner, [name]] = this.declare(scope, [one.variable.name]);
    const [start, end, step] = [one.start, one.end, one.step].map((part) =>
      part === null ? "1" : `rt.numeric(${this.expression(part, scope)})`,
    );
    const head = `let ${name} = ${start}, end_${name} = ${end}, step_${name} = ${step}`;
    const on = `step_${name} > 0 ? ${name} <= end_${name} : ${name} >= end_${name}`;
    return `for (${head}; ${on}; ${name} += step_${name}) {\n${this.block(one.body, inner)}\n}`;
  }

  private iterating(
    one: Extract<Statement, { type: "ForGenericStatement" }>,
    scope: Scope,
  ): string {
    const [over] = one.iterators;
    if (over?.type !== "CallExpression" || over.base.type !== "Identifier") throw unknown("for");
    const iterator = over.base.name;
    if (iterator !== "ipairs" && iterator !== "pairs") throw unknown(iterator);
    const [inner, names] = this.declare(
      scope,
      one.variables.map((variable) => variable.name),
    );
    const from = `${iterator}${`(${this.args(over.arguments, scope)})`}`;
    return `for (const [${names.join(", ")}] of ${from}) {\n${this.block(one.body, inner)}\n}`;
  }

  private assignment(targets: readonly Expression[], from: string, scope: Scope): string {
    this.made += 1;
    const temporary = `values_${this.made}`;
    const lines = targets.map((target, at) => {
      const value = `${temporary}[${at}]`;
      if (target.type === "Identifier") return `${nameOf(target.name, scope)} = ${value};`;
      if (target.type !== "IndexExpression" && target.type !== "MemberExpression") {
        throw unknown(target.type);
      }
      const [base, key] = this.baseAndKey(target, scope);
      return `rt.setIndex(${base}, ${key}, ${value});`;
    });
    return `{ const ${temporary} = ${from};\n${lines.join("\n")} }`;
  }

  private closure(
    parameters: readonly Expression[],
    body: readonly Statement[],
    scope: Scope,
  ): string {
    const names = parameters.map((one) => {
      if (one.type !== "Identifier") throw unknown(one.type);
      return one.name;
    });
    const [inner, fresh] = this.declare(scope, names);
    return `(${fresh.join(", ")}) => {\n${this.block(body, inner)}\nreturn [];\n}`;
  }

  /** A JavaScript list of all values of some expressions; the last may give several. */
  private list(parts: readonly Expression[], scope: Scope): string {
    const last = parts.at(-1);
    if (parts.length === 1 && last?.type === "CallExpression") return this.calls(last, scope);
    return `[${this.args(parts, scope)}]`;
  }

  private args(parts: readonly Expression[], scope: Scope): string {
    return parts
      .map((part, at) =>
        at === parts.length - 1 && part.type === "CallExpression"
          ? `...${this.calls(part, scope)}`
          : this.expression(part, scope),
      )
      .join(", ");
  }

  private calls(one: Expression, scope: Scope): string {
    if (one.type !== "CallExpression") throw unknown(one.type);
    const { base } = one;
    const passed = this.args(one.arguments, scope);
    if (this.isLibrary(base, scope)) return `${this.expression(base, scope)}(${passed})`;
    return `rt.call(${this.expression(base, scope)}, ${passed})`;
  }

  private isLibrary(base: Expression, scope: Scope): boolean {
    if (base.type === "Identifier") return !scope.has(base.name) && functions.has(base.name);
    return (
      base.type === "MemberExpression" &&
      base.base.type === "Identifier" &&
      !scope.has(base.base.name) &&
      libraries.has(base.base.name)
    );
  }

  private expression(one: Expression, scope: Scope): string {
    switch (one.type) {
      case "NilLiteral":
        return "undefined";
      case "BooleanLiteral":
      case "NumericLiteral":
        return String(one.value);
      case "StringLiteral":
        return JSON.stringify(one.value);
      case "Identifier":
        return nameOf(one.name, scope);
      case "MemberExpression":
      case "IndexExpression": {
        if (this.isLibrary(one, scope)) return libraryMember(one);
        const [base, key] = this.baseAndKey(one, scope);
        return `rt.index(${base}, ${key})`;
      }
      case "CallExpression":
        return `${this.calls(one, scope)}[0]`;
      case "FunctionDeclaration":
        return this.closure(one.parameters, one.body, scope);
      case "TableConstructorExpression":
        return this.constructed(one, scope);
      default:
        return this.operation(one, scope);
    }
  }

  private operation(one: Expression, scope: Scope): string {
    switch (one.type) {
      case "LogicalExpression": {
        const [left, right] = [this.expression(one.left, scope), this.expression(one.right, scope)];
        const pick = one.operator === "and" ? `${right} : left` : `left : ${right}`;
        return `((left) => rt.truthy(left) ? ${pick})(${left})`;
      }
      case "UnaryExpression": {
        const of = this.expression(one.argument, scope);
        if (one.operator === "not") return `!rt.truthy(${of})`;
        return one.operator === "-" ? `-rt.numeric(${of})` : `rt.length(${of})`;
      }
      case "BinaryExpression":
        return binary(
          one.operator,
          this.expression(one.left, scope),
          this.expression(one.right, scope),
        );
      default:
        throw unknown(one.type);
    }
  }

  private condition(one: Expression, scope: Scope): string {
    if (one.type === "LogicalExpression") {
      const operator = one.operator === "and" ? "&&" : "||";
      return `(${this.condition(one.left, scope)} ${operator} ${this.condition(one.right, scope)})`;
    }
    return `rt.truthy(${this.expression(one, scope)})`;
  }

  private baseAndKey(
    one: Extract<Expression, { type: "IndexExpression" | "MemberExpression" }>,
    scope: Scope,
  ): [string, string] {
    const base = this.expression(one.base, scope);
    if (one.type === "MemberExpression") return [base, JSON.stringify(one.identifier.name)];
    return [base, this.expression(one.index, scope)];
  }

  private constructed(
    { fields }: Extract<Expression, { type: "TableConstructorExpression" }>,
    scope: Scope,
  ): string {
    const plain = fields.map((field) => {
      if (field.type !== "TableValue") throw unknown(field.type);
      return field.value;
    });
    return `new rt.LuaTable([${this.args(plain, scope)}])`;
  }

  whole(chunk: Chunk): string {
    return `${this.block(chunk.body, new Map())}\nreturn [];`;
  }
}

function binary(operator: string, left: string, right: string): string {
  switch (operator) {
    case "==":
      return `(${left} === ${right})`;
    case "~=":
      return `(${left} !== ${right})`;
    case "<":
      return `rt.lessThan(${left}, ${right})`;
    case ">":
      return `rt.lessThan(${right}, ${left})`;
    case "<=":
      return `rt.atMost(${left}, ${right})`;
    case ">=":
      return `rt.atMost(${right}, ${left})`;
    case "..":
      return `rt.concat(${left}, ${right})`;
    case "%":
      return `rt.modulo(${left}, ${right})`;
    case "^":
      return `(rt.numeric(${left}) ** rt.numeric(${right}))`;
    default:
      return `(rt.numeric(${left}) ${operator} rt.numeric(${right}))`;
  }
}

function nameOf(name: string, scope: Scope): string {
  const local = scope.get(name);
  if (local !== undefined) return local;
  if (name === "KEYS" || name === "ARGV" || functions.has(name)) return name;
  throw new LuaError(`unknown global ${name}`);
}

function libraryMember(one: Expression): string {
  if (one.type !== "MemberExpression" || one.base.type !== "Identifier") throw unknown(one.type);
  return `${one.base.name}.${one.identifier.name}`;
}

function unknown(what: string): LuaError {
  return new LuaError(`our scripts are not expected to use ${what}`);
}
