// Configuration files and variables that make no sense: every complaint names the setting, its
// value and what is allowed, and none tells a secret.

import { describe, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { fields, isSecret, keysOf, nodeAt } from "../../src/config/fields.ts";
import { valueAt } from "../../src/config/layers.ts";
import { cli } from "../support/cli-world.ts";
import { fuzzTest } from "../support/fuzz.ts";
import { byteChanges } from "../support/mutations.ts";
import { tempDir } from "../support/temp-dir.ts";

const place = tempDir();
/** Stands in every secret's place, and must never come back. */
const secret = "hush-hush-0123456789-abcdefghijklmnop";

describe("a configuration", () => {
  const text = fc.oneof(
    trees().map((tree) => JSON.stringify(tree)),
    changedFile(),
    anyText(),
  );
  const file = fc.record({ text, name: fc.constantFrom("fuzz.yaml", "fuzz.json", "fuzz.yml") });
  fuzzTest("in a file is right, or wrong with reasons", { runs: 700 }, file, async (given) => {
    writeFileSync(join(place, given.name), given.text);
    await expectReasons(["--config", given.name], {}, !tellsByItself(given));
  });

  fuzzTest(
    "in variables is right, or wrong with reasons",
    { runs: 300 },
    variables(),
    async (env) => {
      await expectReasons([], env, true);
    },
  );
});

async function expectReasons(args: string[], env: Record<string, string>, hides: boolean) {
  const plain = await cli(["config", "check", ...args], { cwd: place, env });
  const json = await cli(["config", "check", "--json", ...args], { cwd: place, env });
  const printed = await cli(["config", "print", ...args], { cwd: place, env });
  expect([0, 1]).toContain(plain.exitCode);
  expect([json.exitCode, printed.exitCode]).toEqual([plain.exitCode, plain.exitCode]);
  expect(plain.stderr + json.stderr).toBe("");
  const { ok, problems } = JSON.parse(json.stdout);
  expect(ok).toBe(plain.exitCode === 0);
  expect(problems.length > 0).toBe(!ok);
  for (const { field, source, message } of problems) {
    expect([typeof field, field === ""]).toEqual(["string", false]);
    expect(message).toMatch(/\S/);
    expect(["file", "environment", "default", "flag"]).toContain(source.kind);
  }
  const said = [plain, json, printed].map(({ stdout, stderr }) => stdout + stderr).join("\n");
  expect(said).not.toMatch(/\n\s+at .*:\d+|went wrong|node_modules|\[object Object\]|undefined/);
  if (hides) expect(said).not.toContain(secret);
}

/** Whether the secret stands in the plain value of a setting that is none, or in a name. */
function tellsByItself({ name, text }: { name: string; text: string }): boolean {
  try {
    const tree = name.endsWith(".json") ? JSON.parse(text) : Bun.YAML.parse(text);
    return fieldsTell(tree) || namesTell(tree);
  } catch {
    return false;
  }
}

function fieldsTell(tree: unknown): boolean {
  return fields.some(({ path }) => {
    const names = path.split(".");
    return names.some((_, at) => tells(tree, names.slice(0, at + 1)));
  });
}

function tells(tree: unknown, path: readonly string[]): boolean {
  const node = nodeAt(path);
  const plain = [valueAt(tree, path)].flat().filter((one) => typeof one === "string");
  return node !== null && !isSecret(node) && plain.some((one) => one.includes(secret));
}

function namesTell(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  return Object.entries(tree).some(([name, inner]) => name.includes(secret) || namesTell(inner));
}

/** Values that may stand anywhere. */
function anyValue(): fc.Arbitrary<unknown> {
  return fc.oneof(
    fc.constantFrom(null, true, "", " ", 0, -1, 1.5, 1e300, 65_536, [], {}, [[]], [null], "null"),
    fc.constantFrom("\0", "é", "\ud800", "0x10", "__proto__", ["api", "api"], ["x"], secret),
    fc.constantFrom({ kid: "a", secret }, [{ kid: "a", secret }], [{ kid: "a" }], [{ secret }]),
    fc.constantFrom("redis://", "mysql://a:b@c/d", "http://[", "host:99999", "0.0.0.0", "::1"),
    fc.jsonValue({ maxDepth: 2 }),
  );
}

/** Settings with some that are odd, in groups that are odd. */
function trees(): fc.Arbitrary<unknown> {
  const path = fc.oneof(
    fc.constantFrom(...fields.map((field) => field.path)),
    fc.constantFrom(...fields.map((field) => `${field.path}File`)),
    fc.constantFrom(...keysOf(nodeAt([]))),
    fc.constantFrom("__proto__", "constructor.name", "toString", "auth.__proto__", "", "port.port"),
    fc.string({ maxLength: 8 }),
  );
  const set = fc.tuple(path, anyValue());
  return fc.array(set, { maxLength: 6 }).map((all) => {
    const tree: Record<string, unknown> = Object.create(null);
    // A copy: one value in two places would become a tree within itself.
    for (const [at, value] of all) put(tree, at.split("."), secretly(at, structuredClone(value)));
    return tree;
  });
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = "", ...rest] = path;
  if (rest.length === 0) return void define(tree, key, value);
  const inner: Record<string, unknown> = Object.create(null);
  const there = Object.getOwnPropertyDescriptor(tree, key)?.value;
  const next = typeof there === "object" && there !== null && !Array.isArray(there) ? there : inner;
  define(tree, key, next);
  put(next, rest, value);
}

function define(tree: object, key: string, value: unknown): void {
  Object.defineProperty(tree, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Text under a secret's name is a secret, whatever it looks like. */
function secretly(path: string, value: unknown): unknown {
  const field = fields.find((candidate) => candidate.path === path);
  return field?.secret === true && typeof value === "string" ? secret : value;
}

const validYaml = `# a shop
port: 7070
host: 127.0.0.1
auth:
  keys:
    - kid: "2026-01"
      secret: ${secret}
  tokenTtlSeconds: 60
redis: { url: "redis://:${secret}@127.0.0.1:6379/0" }
kafka:
  brokers: [127.0.0.1:9092]
  sasl: { mechanism: PLAIN, username: shop, password: ${secret} }
mysql:
  url: mysql://root:${secret}@127.0.0.1:3306/doorbuster
log: { level: info }
`;

/** Damage that leaves the secret whole. */
function changedFile(): fc.Arbitrary<string> {
  const pieces = validYaml.split(secret);
  const json = JSON.stringify({ auth: { secret }, port: 1 }).split(secret);
  return fc
    .tuple(fc.constantFrom(pieces, json), fc.nat({ max: 5 }), byteChanges)
    .map(([parts, which, change]) =>
      parts
        .map((part, n) => {
          return n === which % parts.length ? change(Buffer.from(part)).toString("latin1") : part;
        })
        .join(secret),
    );
}

function anyText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom(
      ...[
        "",
        "---",
        "--- \n---\n",
        "a: *b",
        "&a [*a]",
        "<<: 1",
        "? ",
        "- ",
        "!!binary x",
        "%YAML 9",
      ],
      ...[
        "port: !!int x",
        "port: 7070\nport: 7071",
        "a: |\n\tb",
        "\ufeffport: 1",
        "port: 0o17",
        "~",
      ],
      ...["[".repeat(20_000), "a: ".repeat(5_000), "{a: ".repeat(5_000), "port: 1e3", "port: .inf"],
      ...["a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]", "port: 2001-01-01", "!!js/function x"],
    ),
  );
}

/** Known variables, names near them, and odd values. */
function variables(): fc.Arbitrary<Record<string, string>> {
  const name = fc.oneof(
    fc.constantFrom(...fields.map((field) => field.variable)),
    fc.constantFrom(...fields.map((field) => `${field.variable}_FILE`)),
    fc.constantFrom("DOORBUSTER_", "DOORBUSTER___PROTO__", "DOORBUSTER_PROT", "DOORBUSTER_CONFIG"),
  );
  const value = fc.oneof(
    fc.constantFrom("", " ", "null", "true", "1", "-1", "99999999999999999999", "[", "[]", "[1]"),
    fc.constantFrom(
      `["${"x".repeat(99)}"]`,
      "{",
      "\0",
      "é",
      ",",
      ",,",
      "/",
      "/dev/null",
      ".",
      "a,b",
    ),
    fc.constantFrom(`[{"kid":"a","secret":"${secret}"}]`, `[{"secret":"${secret}"`, secret),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  return fc
    .array(fc.tuple(name, value), { minLength: 1, maxLength: 5 })
    .map((pairs) => Object.fromEntries(pairs.map(([key, text]) => [key, textFor(key, text)])));
}

/** The secret stands where a secret, or its file, is asked for. */
function textFor(name: string, text: string): string {
  const field = fields.find(({ variable }) => variable === name.replace(/_FILE$/, ""));
  return field?.secret === true || !text.includes(secret) ? text : "x";
}
