// The text files of this repository: what is committed, and what is about to be.

import { existsSync } from "node:fs";
import { join } from "node:path";

export type TextFile = { readonly path: string; readonly text: string };

const ROOT = join(import.meta.dir, "../../..");

/** Paths are relative to the repository, with forward slashes. Files with a NUL byte are not
 * text. */
export async function repositoryFiles(): Promise<TextFile[]> {
  const files = await Promise.all(listedByGit().map(readFile));
  return files.filter((file) => !file.text.includes("\0"));
}

/** `safe.directory` lets a container read a clone that belongs to another user. */
function listedByGit(): string[] {
  const git = Bun.spawnSync(
    "git -c safe.directory=* ls-files -z --cached --others --exclude-standard".split(" "),
    { cwd: ROOT },
  );
  if (git.exitCode !== 0) throw new Error(`git ls-files: ${git.stderr.toString()}`);
  const paths = git.stdout.toString().split("\0");
  return paths.filter((path) => path !== "" && existsSync(join(ROOT, path)));
}

async function readFile(path: string): Promise<TextFile> {
  return { path, text: await Bun.file(join(ROOT, path)).text() };
}
