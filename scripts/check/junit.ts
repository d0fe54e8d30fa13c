// Counts from the report that `bun test --reporter=junit` writes.

export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** No report means that the test run died, which is one failure. */
export async function readCounts(path: string): Promise<Counts> {
  const report = Bun.file(path);
  if (!(await report.exists())) return { passed: 0, failed: 1, skipped: 0 };
  const [totals = ""] = /<testsuites [^>]*>/.exec(await report.text()) ?? [];
  const [failed, skipped] = [attribute(totals, "failures"), attribute(totals, "skipped")];
  return { passed: attribute(totals, "tests") - failed - skipped, failed, skipped };
}

function attribute(tag: string, name: string): number {
  return Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);
}
