// Which share of the lines and functions of the domain and the use cases the tests ran.
// A file that no test loads is missing from the coverage data; it counts here with all its lines.

import { join } from "node:path";

const FOLDERS = ["src/domain", "src/usecases"];
const AIM_PERCENT = 95;

type FileCoverage = {
  readonly path: string;
  readonly lines: number;
  readonly linesHit: number;
  readonly functions: number;
  readonly functionsHit: number;
};

/** Printable lines: one per folder, then the files below the aim. */
export async function coverageReport(root: string, lcovPath: string): Promise<string[]> {
  const known = await readLcov(lcovPath);
  const perFolder = await Promise.all(FOLDERS.map((folder) => coverageOf(root, folder, known)));
  const folders = FOLDERS.map((folder, index) => row(folder, total(perFolder[index] ?? [])));
  const low = perFolder.flat().filter((file) => percent(file.linesHit, file.lines) < AIM_PERCENT);
  if (low.length === 0) return folders;
  return [
    ...folders,
    `below ${AIM_PERCENT} % of lines:`,
    ...low.map((file) => row(file.path, file)),
  ];
}

async function coverageOf(
  root: string,
  folder: string,
  known: ReadonlyMap<string, FileCoverage>,
): Promise<FileCoverage[]> {
  const paths = [...new Bun.Glob(`${folder}/**/*.ts`).scanSync({ cwd: root })].sort();
  return Promise.all(paths.map(async (path) => known.get(path) ?? (await unloaded(root, path))));
}

/** A file of types alone leaves no code behind, so it has nothing to cover. */
async function unloaded(root: string, path: string): Promise<FileCoverage> {
  const code = new Bun.Transpiler({ loader: "ts" }).transformSync(
    await Bun.file(join(root, path)).text(),
  );
  const lines = code.split("\n").filter((line) => line.trim() !== "").length;
  return { path, lines, linesHit: 0, functions: Math.min(lines, 1), functionsHit: 0 };
}

async function readLcov(path: string): Promise<Map<string, FileCoverage>> {
  const report = Bun.file(path);
  if (!(await report.exists())) return new Map();
  const records = (await report.text()).split("end_of_record").map(parseRecord);
  return new Map(records.map((file) => [file.path, file]));
}

function parseRecord(record: string): FileCoverage {
  const count = (key: string) => Number(new RegExp(`^${key}:(\\d+)`, "m").exec(record)?.[1] ?? 0);
  return {
    path: /^SF:(.+)$/m.exec(record)?.[1] ?? "",
    lines: count("LF"),
    linesHit: count("LH"),
    functions: count("FNF"),
    functionsHit: count("FNH"),
  };
}

function total(files: readonly FileCoverage[]): FileCoverage {
  const sum = (key: Exclude<keyof FileCoverage, "path">) =>
    files.reduce((so, file) => so + file[key], 0);
  return {
    path: "",
    lines: sum("lines"),
    linesHit: sum("linesHit"),
    functions: sum("functions"),
    functionsHit: sum("functionsHit"),
  };
}

function row(name: string, of: FileCoverage): string {
  const lines = percent(of.linesHit, of.lines).toFixed(1).padStart(5);
  const functions = percent(of.functionsHit, of.functions).toFixed(1).padStart(5);
  return `${name.padEnd(40)} ${lines} % of ${of.lines} lines, ${functions} % of functions`;
}

function percent(hit: number, of: number): number {
  return of === 0 ? 100 : (100 * hit) / of;
}
