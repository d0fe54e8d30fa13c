/** Keeps a bench's results, so that the next one has something to be compared with. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BenchReport } from "./bench-report.ts";

/** Writes `<date>-<commit>-<stores>.json` and returns its path. */
export async function saveBaseline(directory: string, report: BenchReport): Promise<string> {
  await mkdir(directory, { recursive: true });
  const commit = report.commit.replace("+", "-dirty");
  const { stores } = report.plan;
  const path = join(directory, `${report.at.slice(0, 10)}-${commit}-${stores}.json`);
  await Bun.write(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}
