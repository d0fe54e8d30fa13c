// The house style, as far as a machine can check it. Each rule is a function from files to
// complaints; it runs over the repository, and over small examples that show that it can fail.

import { beforeAll, describe, expect, test } from "bun:test";
import { deadFiles, importsOf, MAY_IMPORT, wrongImports } from "./support/tidy/imports.ts";
import { brokenLinks, lineReferences, machinePaths, registryHosts } from "./support/tidy/prose.ts";
import { ambientTimeAndChance } from "./support/tidy/purity.ts";
import * as shape from "./support/tidy/shape.ts";
import { repositoryFiles, type TextFile } from "./support/tidy/tree.ts";

type Example = Readonly<Record<string, string>>;
type Rule = {
  readonly says: string;
  readonly check: (files: readonly TextFile[]) => string[];
  readonly bad: readonly Example[];
  readonly good: readonly Example[];
};

const root = (rest: string) => `/${"root"}/${rest}`;
const registry = `registry.${"npmjs"}.org`;
const lineSeven = ["line", "7"].join(" ");
const block = (lines: number, line = "  x();\n") => line.repeat(lines);

const RULES: readonly Rule[] = [
  {
    says: "no function is longer than 70 lines",
    check: shape.longFunctions,
    bad: [
      { "src/lib/a.ts": `export function f() {\n${block(69)}}\n` },
      { "src/lib/a.ts": `export const f = () => {\n${block(69)}};\n` },
      { "src/lib/a.ts": `export class A {\n  m() {\n${block(69)}  }\n}\n` },
      { "src/lib/a.ts": `export const a = {\n  m() {\n${block(69)}  },\n};\n` },
      { "test/a.test.ts": `test("a table is read", () => {\n${block(69)}});\n` },
    ],
    good: [
      { "src/lib/a.ts": `export function f() {\n${block(68)}}\n` },
      { "test/a.test.ts": `describe("tables", () => {\n${block(99)}});\n` },
      { "test/contract/a.ts": `export function contract() {\n  test("a b c", x);\n${block(99)}}` },
      { "test/a.test.ts": `describe.each([1])("%s", () => {\n${block(99)}});\n` },
    ],
  },
  {
    says: "no file is longer than 400 lines, and main.ts not longer than 80",
    check: shape.longFiles,
    bad: [
      { "src/lib/a.ts": block(401) },
      { "src/main.ts": block(81) },
      { "src/adapters/redis/scripts/a.lua": block(401) },
    ],
    good: [{ "src/lib/a.ts": block(400) }, { "src/main.ts": block(80) }, { "a.md": block(900) }],
  },
  {
    says: "no line of code, SQL or Lua is wider than 100 columns",
    check: shape.wideLines,
    bad: [
      { "src/lib/a.ts": `// ${"x".repeat(98)}` },
      { "src/adapters/mysql/sql/a.sql": `-- ${"x".repeat(98)}` },
      { "scripts/a.mjs": `// ${"x".repeat(98)}` },
    ],
    good: [{ "src/lib/a.ts": `// ${"→".repeat(97)}` }, { "a.md": "x".repeat(200) }],
  },
  {
    says: "imports point one way",
    check: wrongImports,
    bad: [
      { "src/domain/a.ts": 'import { b } from "../usecases/b.ts";' },
      { "src/domain/a.ts": 'import { z } from "zod";' },
      { "src/domain/a.ts": 'import { hash } from "node:crypto";' },
      { "src/lib/a.ts": 'import type { B } from "../domain/b.ts";' },
      { "src/ports/a.ts": 'import type { B } from "../adapters/embedded/b.ts";' },
      { "src/usecases/a.ts": 'export { b } from "../adapters/embedded/b.ts";' },
      { "src/usecases/a.ts": 'export const b = () => import("../http/b.ts");' },
      { "src/usecases/a.ts": 'export type B = import("../config/b.ts").B;' },
      { "src/usecases/a.ts": 'import pkg from "../../package.json";' },
      { "src/adapters/redis/a.ts": 'import { b } from "../../usecases/b.ts";' },
      { "src/adapters/redis/a.ts": 'import { b } from "../embedded/b.ts";' },
      { "src/http/a.ts": 'export * from "../adapters/embedded/b.ts";' },
      { "src/roles/a.ts": 'import { b } from "../compose/b.ts";' },
      { "src/cli/a.ts": 'import { b } from "../usecases/b.ts";' },
      { "src/rush/a.ts": 'import { b } from "../usecases/b.ts";' },
      { "src/bench/a.ts": 'import { b } from "../http/b.ts";' },
      { "src/main.ts": 'import { b } from "./adapters/embedded/b.ts";' },
      { "src/lib/a.ts": 'import { b } from "../../test/support/b.ts";' },
      { "src/stuff/a.ts": 'import { b } from "../lib/b.ts";' },
    ],
    good: [
      { "src/domain/a.ts": 'import { b } from "../lib/b.ts"; import { c } from "./c.ts";' },
      { "src/usecases/a.ts": 'import type { B } from "../ports/b.ts";' },
      { "src/adapters/redis/a.ts": 'import s from "./scripts/a.lua" with { type: "text" };' },
      { "src/compose/a.ts": 'import { b } from "../adapters/embedded/b.ts";' },
      { "src/cli/a.ts": 'import pkg from "../../package.json"; import { r } from "../rush/r.ts";' },
      { "src/bench/a.ts": 'import { b } from "../rush/b.ts";' },
      { "src/main.ts": 'import { b } from "./cli/b.ts";' },
      { "test/a.test.ts": 'import { b } from "../src/adapters/embedded/b.ts";' },
    ],
  },
  {
    says: "every file is reached from main.ts, from a test or from a script that somebody runs",
    check: deadFiles,
    bad: [
      { "src/main.ts": "", "src/lib/a.ts": "" },
      { "src/main.ts": "", "src/lib/a.ts": "", "test/a.test.ts": 'import "../src/lib/a.ts";' },
      { "src/main.ts": "", "src/a.ts": 'import "./b.ts";', "src/b.ts": 'import "./a.ts";' },
      { "src/main.ts": "", "src/adapters/mysql/sql/a.sql": "" },
      { "test/support/a.ts": "" },
      { "scripts/a.ts": "" },
      { "bench/a.ts": "" },
    ],
    good: [
      { "src/main.ts": 'import "./lib/a.ts";', "src/lib/a.ts": "" },
      { "bench/a.ts": "", "docs/a.md": "run bench/a.ts" },
      { "src/main.ts": "", "src/text-modules.d.ts": "" },
      { "src/main.ts": 'new Worker(new URL("./w.ts", import.meta.url));', "src/w.ts": "" },
      { "test/a.test.ts": 'import "./support/a.ts";', "test/support/a.ts": "" },
      {
        "scripts/a.ts": 'import "../test/support/b.ts";',
        "test/support/b.ts": "",
        ci: "scripts/a.ts",
      },
    ],
  },
  {
    says: "the domain and the use cases take time and chance as arguments",
    check: ambientTimeAndChance,
    bad: [
      { "src/domain/a.ts": "export const now = () => Date.now();" },
      { "src/domain/a.ts": "export const now = () => new Date();" },
      { "src/usecases/a.ts": "export const x = Math.random();" },
      { "src/usecases/a.ts": "export const x = performance.now();" },
      { "src/usecases/a.ts": "setTimeout(stop, 10);" },
      { "src/usecases/a.ts": "export const id = crypto.randomUUID();" },
    ],
    good: [
      { "src/domain/a.ts": "export const at = (ms: number) => new Date(ms); // not Date.now()" },
      { "src/adapters/embedded/clock.ts": "export const now = () => Date.now();" },
    ],
  },
  {
    says: "nothing is exported as default",
    check: shape.defaultExports,
    bad: [
      { "src/lib/a.ts": "export default 1;" },
      { "src/lib/a.ts": "const a = 1; export { a as default };" },
    ],
    good: [{ "src/lib/a.ts": "export const a = 1;" }],
  },
  {
    says: "no folder is named after a kind of code",
    check: shape.kindFolders,
    bad: ["classes", "utils", "types", "helpers"].map((kind) => ({ [`src/lib/${kind}/a.ts`]: "" })),
    good: [{ "src/lib/retry.ts": "" }],
  },
  {
    says: "a port has fewer than ten methods",
    check: shape.widePorts,
    bad: [
      { "src/ports/a.ts": `export interface A {\n${block(10, "  m(): void;\n")}}` },
      { "src/ports/a.ts": `export type A = {\n${block(10, "  readonly m: () => void;\n")}};` },
    ],
    good: [
      { "src/ports/a.ts": `export interface A {\n${block(9, "  m(): void;\n")}}` },
      { "src/ports/a.ts": `export type A = {\n${block(12, "  readonly units: number;\n")}};` },
    ],
  },
  {
    says: "the name of a test is a sentence",
    check: shape.shortTestNames,
    bad: [
      { "test/a.test.ts": 'test("purchase", () => {});' },
      { "test/a.test.ts": 'test.each([1])("purchase works", () => {});' },
    ],
    good: [
      { "test/a.test.ts": 'test.each([1])("%s works", () => {});' },
      { "test/a.test.ts": 'test("a retry gets the same order", () => {});' },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the example is the text of a template
      { "test/a.test.ts": "test(`${what} is refused with ${code}`, () => {});" },
    ],
  },
  {
    says: "no file names a path of one machine",
    check: machinePaths,
    bad: [{ "a.md": `see ${root("notes")}` }, { "scripts/a.sh": `cd "${root("x")}"` }],
    good: [{ "a.md": `src${root("a.ts")}, https://example.com${root("a")}, /var/lib/doorbuster` }],
  },
  {
    says: "no file names the host of a package registry",
    check: registryHosts,
    bad: [{ "package-lock.json": `"resolved": "https://${registry}/zod"` }],
    good: [{ "a.md": "from npm and from PyPI, see https://bun.sh" }],
  },
  {
    says: "the docs refer to no line by its number",
    check: lineReferences,
    bad: [
      { "docs/a.md": `see ${lineSeven} of it` },
      { "docs/a.md": `src/main${".ts"}:12` },
      { "docs/a.md": `[here](src/main.ts${"#L"}3)` },
    ],
    good: [{ "docs/a.md": "files of 50–200 lines; http://127.0.0.1:7070" }, { "a.ts": lineSeven }],
  },
  {
    says: "every relative link in the docs leads somewhere",
    check: brokenLinks,
    bad: [
      { "docs/a.md": "[b](b.md)" },
      { "docs/a.md": "[b]: ../b.md" },
      { "docs/a.md": '<img src="b.png">' },
      { "docs/a.md": "# One\n[b](#two)" },
      { "docs/a.md": "[b](b.md#two)", "docs/b.md": "# One" },
    ],
    good: [
      {
        "docs/a.md": "[b](../src/) [c](b.md#what-it-is-1)",
        "docs/b.md": "# What it is\n## What it is",
      },
      {
        "docs/a.md":
          "`[b](b.md)`\n```\n[b](b.md)\n```\n[c](https://example.com) [d](#秒杀)\n# 秒杀",
      },
    ].map((example) => ({ ...example, "src/main.ts": "" })),
  },
];

describe.each(RULES.map((rule) => [rule.says, rule] as const))("%s", (_, rule) => {
  let repository: readonly TextFile[] = [];
  beforeAll(async () => {
    repository = await repositoryFiles();
  });

  test("the repository keeps the rule", () => {
    expect(rule.check(repository)).toEqual([]);
  });

  test.each(rule.bad.map((example) => [inOneLine(example), example] as const))(
    "the rule catches %s",
    (_, example) => {
      expect(rule.check(asFiles(example))).not.toEqual([]);
    },
  );

  test.each(rule.good.map((example) => [inOneLine(example), example] as const))(
    "the rule lets pass %s",
    (_, example) => {
      expect(rule.check(asFiles(example))).toEqual([]);
    },
  );
});

test("the folders that may be imported are folders that have a rule themselves", () => {
  const importable = new Set(Object.values(MAY_IMPORT).flat());
  expect(Object.keys(MAY_IMPORT)).toEqual(expect.arrayContaining([...importable]));
});

test("the repository is read, and its imports are seen", async () => {
  const files = await repositoryFiles();
  const self = files.find((file) => file.path === "test/tidy.test.ts");
  expect(self && importsOf(self)).toContain("./support/tidy/tree.ts");
});

function asFiles(example: Example): TextFile[] {
  return Object.entries(example).map(([path, text]) => ({ path, text }));
}

function inOneLine(example: Example): string {
  const line = JSON.stringify(example).replaceAll("\\n", " ");
  return line.length > 70 ? `${line.slice(0, 67)}…` : line;
}
