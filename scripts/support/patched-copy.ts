/** A copy of the source in a directory of its own, with something changed in it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const copied = ["src", "test", "scripts", "package.json", "tsconfig.json", "bunfig.toml"];

export interface Edit {
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** Hands the path of a copy to `work`, and removes it afterwards. */
export async function inCopy<T>(work: (copy: string) => Promise<T>): Promise<T> {
  const copy = mkdtempSync(join(tmpdir(), "doorbuster-copy-"));
  try {
    for (const name of copied) {
      cpSync(join(root, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    return await work(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** False, and nothing is changed, unless the text is there exactly once. */
export function edited(path: string, { find, replace }: Edit): boolean {
  const parts = readFileSync(path, "utf8").split(find);
  if (parts.length !== 2) return false;
  writeFileSync(path, parts.join(replace));
  return true;
}
