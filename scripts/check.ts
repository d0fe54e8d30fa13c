// One command that checks everything which needs no service: formatting and lint, types, tests, and
// how much of the domain and the use cases the tests reach. `--quick` leaves the slow folders out;
// `--services` runs the tests that need the real services, and nothing else, a file at a time: one
// that fails beside a broker that is starved of its core is tried once more, and said to have been.
// Ends with one line, `N passed, N failed`: each test counts, and so do lint and types.

import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { coverageReport } from "./check/coverage.ts";
import { type Counts, readCounts } from "./check/junit.ts";

const ROOT = join(import.meta.dir, "..");
const OUT = join(ROOT, "coverage");
const SLOW_FOLDERS = ["test/integration/", "test/sim/", "test/fuzz/", "test/browser/"];

type Outcome = Counts & { readonly name: string; readonly seconds: number; readonly note: string };

const SERVICES_TEST = ".services.test.ts";

const quick = process.argv.includes("--quick");
const services = process.argv.includes("--services");
const outcomes = services ? await servicesTested() : await everything();
if (!quick && !services) await printCoverage();
process.exit(summarise(outcomes));

async function everything(): Promise<Outcome[]> {
  return [
    await checked("lint and format", ["node_modules/.bin/biome", "check"]),
    await checked("types", ["node_modules/.bin/tsc", "--noEmit"]),
    await checked("types for k6", ["node_modules/.bin/tsc", "--noEmit", "-p", "bench/k6"]),
    await tested("tests", testFiles()),
  ];
}

async function servicesTested(): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for (const file of testFiles()) {
    const name = basename(file, SERVICES_TEST);
    const first = await tested(name, [file]);
    if (first.failed === 0) all.push(first);
    else all.push(again(first, await tested(`${name}, once more`, [file])));
  }
  return all;
}

function again(first: Outcome, second: Outcome): Outcome {
  return { ...second, note: `${second.note}; at first ${first.note}` };
}

async function checked(name: string, command: readonly string[]): Promise<Outcome> {
  const { exitCode, seconds } = await run(name, command);
  const passed = exitCode === 0 ? 1 : 0;
  return { name, seconds, passed, failed: 1 - passed, skipped: 0, note: "" };
}

/** A run that ends without a report, or fails beyond its failed tests, counts as one more
 * failure. */
async function tested(name: string, files: readonly string[]): Promise<Outcome> {
  const report = join(OUT, "junit.xml");
  await mkdir(OUT, { recursive: true });
  await rm(report, { force: true });
  const { exitCode, seconds } = await run(name, [
    ...[process.execPath, "test", ...files],
    ...["--only-failures", "--reporter=junit", `--reporter-outfile=${report}`],
    ...(quick || services
      ? []
      : ["--coverage", "--coverage-reporter=lcov", `--coverage-dir=${OUT}`]),
  ]);
  const counts = await readCounts(report);
  const note = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  const unexplained = exitCode !== 0 && counts.failed === 0 ? 1 : 0;
  return { ...counts, name, seconds, note, failed: counts.failed + unexplained };
}

function testFiles(): string[] {
  return [...new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: ROOT })]
    .filter((path) => path.endsWith(SERVICES_TEST) === services)
    .filter((path) => !quick || !SLOW_FOLDERS.some((folder) => path.startsWith(folder)))
    .sort()
    .map((path) => `./${path}`);
}

async function run(name: string, command: readonly string[]) {
  console.log(`\n── ${name} ──`);
  const started = performance.now();
  const child = Bun.spawn([...command], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  const exitCode = await child.exited;
  return { exitCode, seconds: (performance.now() - started) / 1000 };
}

async function printCoverage(): Promise<void> {
  console.log("\n── coverage of the domain and the use cases ──");
  for (const line of await coverageReport(ROOT, join(OUT, "lcov.info"))) console.log(line);
}

/** On CI a skipped test is a failure: a backend that was not tested must not look tested. */
function summarise(all: readonly Outcome[]): number {
  console.log("\n── summary ──");
  for (const { name, seconds, failed, note } of all) {
    const verdict = failed === 0 ? "ok    " : "FAILED";
    console.log(`${verdict} ${name.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s  ${note}`);
  }
  const skipped = process.env.CI === undefined ? 0 : sum(all, "skipped");
  if (skipped > 0) console.log(`FAILED ${skipped} tests were skipped, which CI does not allow`);
  const failed = sum(all, "failed") + skipped;
  console.log(`${sum(all, "passed")} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function sum(all: readonly Outcome[], count: keyof Counts): number {
  return all.reduce((total, outcome) => total + outcome[count], 0);
}
