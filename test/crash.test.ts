// Five crashes on every run of the suite; `bun scripts/crash.ts` makes fifty.

import { expect, test } from "bun:test";
import { formatCrashReport, runCrash } from "../src/rush/crash-rush.ts";

test("an engine that is killed five times in a rush keeps every order it accepted", async () => {
  const report = await runCrash({ rounds: 5, seed: 20_261_111 });
  expect(formatCrashReport(report)).toContain("crash ok");
  expect(report.kills).toBeGreaterThanOrEqual(5);
  expect(report.accepted).toBeGreaterThan(0);
  expect(report.persisted).toBeGreaterThanOrEqual(report.accepted);
}, 120_000);
