// docs/dependencies.md must say the truth about package.json and package-lock.json.

import { expect, test } from "bun:test";
import { join } from "node:path";

type LockedPackage = {
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};
type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> };
type Row = { readonly name: string; readonly licence: string; readonly brings: number };

const ROOT = join(import.meta.dir, "..");
const lock = (await Bun.file(join(ROOT, "package-lock.json")).json()) as Lock;
const page = await Bun.file(join(ROOT, "docs/dependencies.md")).text();
const project = lock.packages[""] ?? {};
const direct = Object.keys({ ...project.dependencies, ...project.devDependencies });

test("the page has one row for each dependency, with its licence and what it brings", () => {
  const rows = direct.map((name) => ({ name, licence: licenceOf(name), brings: bringsOf(name) }));
  expect(rowsOf(page).sort(byName)).toEqual(rows.sort(byName));
});

test("every dependency is pinned to one version", () => {
  const versions = { ...project.dependencies, ...project.devDependencies };
  for (const version of Object.values(versions)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test("what a dependency brings is counted through all levels, each package once", () => {
  expect(bringsOf("zod")).toBe(0);
  expect(bringsOf("@babel/parser")).toBe(3);
});

/** A row: | [name](link) | what for | licence | brings | why | */
function rowsOf(markdown: string): Row[] {
  const row = /^\| \[`([^`]+)`\]\([^)]+\) \|[^|]+\| ([^|]+) \| (\d+) \|/gm;
  return [...markdown.matchAll(row)].map(([, name = "", licence = "", brings]) => ({
    name,
    licence: licence.trim(),
    brings: Number(brings),
  }));
}

function licenceOf(name: string): string {
  return lock.packages[`node_modules/${name}`]?.license ?? "unknown";
}

/** Other packages that an install of this one needs; builds for single platforms are left out. */
function bringsOf(name: string): number {
  const found = new Set([`node_modules/${name}`]);
  for (const path of found) {
    for (const wanted of Object.keys(lock.packages[path]?.dependencies ?? {})) {
      found.add(resolved(wanted, path));
    }
  }
  return found.size - 1;
}

/** As Node looks it up: in the folder of the package that asks, then in each folder above. */
function resolved(wanted: string, from: string): string {
  const nested = `${from}/node_modules/${wanted}`;
  if (nested in lock.packages) return nested;
  const above = from.lastIndexOf("/node_modules/");
  return above === -1 ? `node_modules/${wanted}` : resolved(wanted, from.slice(0, above));
}

function byName(one: Row, other: Row): number {
  return one.name < other.name ? -1 : 1;
}
