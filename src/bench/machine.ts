/** Where and of what a measurement was taken: a figure without its machine and commit is a
 *  rumour. */
import { statfsSync } from "node:fs";
import os from "node:os";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly bun: string;
  /** What the engine's data lies on: a durable commit costs nothing in memory. */
  readonly filesystem: string;
}

export interface Provenance {
  readonly at: string;
  /** Short hash, with a `+` if the working tree differs from it; `unknown` outside a repository. */
  readonly commit: string;
  readonly machine: Machine;
}

export function provenance(now: Date): Provenance {
  const cpus = os.cpus();
  return {
    at: now.toISOString(),
    commit: commit(),
    machine: {
      cpu: cpus[0]?.model.trim() ?? "unknown",
      cores: cpus.length,
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
      kernel: `${os.type()} ${os.release()} ${os.arch()}`,
      bun: Bun.version,
      filesystem: filesystemOf(os.tmpdir()),
    },
  };
}

/** Linux's magic numbers of the file systems one is likely to meet (statfs(2)). */
const FILESYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext4",
  1481003842: "xfs",
  2435016766: "btrfs",
  2035054128: "overlay",
  16914836: "tmpfs",
};

function filesystemOf(directory: string): string {
  const { type } = statfsSync(directory);
  return FILESYSTEMS[type] ?? `0x${type.toString(16)}`;
}

function commit(): string {
  const hash = git(["rev-parse", "--short", "HEAD"]);
  if (hash === undefined || hash === "") return "unknown";
  return git(["status", "--porcelain"]) === "" ? hash : `${hash}+`;
}

function git(args: string[]): string | undefined {
  if (Bun.which("git") === null) return undefined;
  const result = Bun.spawnSync(["git", ...args], { stderr: "ignore" });
  return result.exitCode === 0 ? result.stdout.toString().trim() : undefined;
}
