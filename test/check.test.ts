// What `npm test` prints at its end must not look better than the run was.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coverageReport } from "../scripts/check/coverage.ts";
import { readCounts } from "../scripts/check/junit.ts";

let place = "";

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "doorbuster-check-"));
});

afterAll(() => rm(place, { recursive: true }));

test("the counts of a run are those of its report", async () => {
  const report = join(place, "junit.xml");
  await Bun.write(report, '<testsuites name="bun test" tests="9" failures="2" skipped="3">');
  expect(await readCounts(report)).toEqual({ passed: 4, failed: 2, skipped: 3 });
});

test("a run that left no report is one failure", async () => {
  const counts = await readCounts(join(place, "none.xml"));
  expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("a file that no test loads counts as not covered, unless it has only types", async () => {
  await Bun.write(join(place, "src/domain/half.ts"), "export const a = 1;\n");
  await Bun.write(join(place, "src/domain/unloaded.ts"), "export const a = 1;\n");
  await Bun.write(join(place, "src/domain/types.ts"), "export type A = string;\n");
  const lcov = join(place, "lcov.info");
  await Bun.write(lcov, "SF:src/domain/half.ts\nFNF:1\nFNH:1\nLF:1\nLH:1\nend_of_record\n");
  const report = (await coverageReport(place, lcov)).map((line) => line.replace(/\s+/g, " "));
  expect(report[0]).toBe("src/domain 50.0 % of 2 lines, 50.0 % of functions");
  expect(report.at(-1)).toStartWith("src/domain/unloaded.ts 0.0 % of 1 lines");
  expect(report.join()).not.toContain("types.ts");
});
