// What the operating system tells of a process, and programs that are run to their end.

import { existsSync, readFileSync } from "node:fs";

/** Its words with spaces between, or "" if there is none, or if it is ending. */
export function commandLineOf(pid: number): string {
  if (existsSync("/proc/self")) return procFile(pid, "cmdline").replaceAll("\0", " ").trimEnd();
  const found = Bun.spawnSync(["ps", "-ww", "-p", String(pid), "-o", "command="]);
  return found.success ? found.stdout.toString().trimEnd() : "";
}

/** Whether it has let go of everything: a zombie has. */
export function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return true;
  }
  return /\) [ZX] [^)]*$/.test(procFile(pid, "stat"));
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

/** Quiet, unless it fails: then it throws with what the program said. */
export async function runToEnd(command: readonly string[], cwd?: string): Promise<void> {
  const { exitCode, output } = await outputOf(command, cwd);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed:\n${output}`);
}

export async function outputOf(command: readonly string[], cwd?: string) {
  const place = cwd === undefined ? {} : { cwd };
  const child = Bun.spawn([...command], { ...place, stdio: ["ignore", "pipe", "pipe"] });
  const [out, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exitCode: await child.exited, output: out + errors };
}
