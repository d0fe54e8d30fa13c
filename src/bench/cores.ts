/** Gives the server and the load a core each, so that neither measures the other. Where that cannot
 *  be done (one core, no `taskset`) the bench runs all the same and says so. */
import { readFileSync } from "node:fs";

export interface Cores {
  readonly pinned: boolean;
  readonly server: number | undefined;
  /** Lets this process run everywhere again. */
  release(): void;
}

export function claimCores(): Cores {
  const [server, load] = allowedCores();
  const unpinned = { pinned: false, server: undefined, release: () => {} };
  if (server === undefined || load === undefined || Bun.which("taskset") === null) return unpinned;
  const before = allowedList();
  if (!keepAllThreadsOn(String(load))) return unpinned;
  return { pinned: true, server, release: () => void keepAllThreadsOn(before) };
}

function keepAllThreadsOn(list: string): boolean {
  const command = ["taskset", "-a", "-c", "-p", list, String(process.pid)];
  return Bun.spawnSync(command, { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
}

/** As in `0-2,5`. */
function allowedCores(): number[] {
  return allowedList()
    .split(",")
    .filter((range) => range !== "")
    .flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

function allowedList(): string {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? "";
  } catch {
    return "";
  }
}
