// The deliberate bugs that the tests and the simulator must find are patches: each of them still
// finds its text, and only once. To try the bugs themselves takes minutes; this says it at once.
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ofServices } from "../scripts/mutations/services.ts";
import { mutations } from "../scripts/mutations/table.ts";
import type { Edit } from "../scripts/support/patched-copy.ts";
import { controlBugs } from "../scripts/teeth/bugs-control.ts";
import { logBugs } from "../scripts/teeth/bugs-log.ts";
import { stockBugs } from "../scripts/teeth/bugs-stock.ts";

const root = join(import.meta.dir, "..");
const bugs = [...stockBugs, ...logBugs, ...controlBugs];

/** The text before the patches, which are applied one after the other, does not hold them all. */
function unpatchable(file: string, edits: readonly Edit[]): string[] {
  let text = readFileSync(join(root, file), "utf8");
  return edits.flatMap(({ find, replace }) => {
    const parts = text.split(find);
    text = parts.join(replace);
    return parts.length === 2 ? [] : [`${file} holds ${parts.length - 1} times: ${find.trim()}`];
  });
}

test("every mutation finds its text once", () => {
  const lost = [...mutations, ...ofServices].flatMap((one) => unpatchable(one.file, [one]));
  expect(lost).toEqual([]);
});

test("every test that is to catch a mutation has a file", () => {
  const gone = [...mutations, ...ofServices].filter(({ test }) => !existsSync(join(root, test)));
  expect(gone).toEqual([]);
});

test("every bug for the simulator finds its text once", () => {
  const lost = bugs.flatMap((bug) => unpatchable(bug.file, [bug, ...(bug.also ?? [])]));
  expect(lost).toEqual([]);
});

test("no two bugs for the simulator have one name", () => {
  expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
});
