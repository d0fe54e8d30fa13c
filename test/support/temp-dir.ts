// A directory of its own for a test, removed after the last test, and the time that a test has:
// bunfig.toml loads this file before all others.

import { afterAll, setDefaultTimeout } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** No test takes this long; it says how slow a machine may be. */
setDefaultTimeout(30_000);

const made: string[] = [];

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A new directory with these files in it. */
export function tempDir(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), "doorbuster-test-"));
  made.push(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}
