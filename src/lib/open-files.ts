/** How many files, connections among them, this process may have open, and whether it has them. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { devNull } from "node:os";

/** Infinite if there is no limit, null if it cannot be learnt. */
export function openFilesLimit(): number | null {
  const line = /^Max open files\s+(\S+)/m.exec(limitsText())?.[1];
  const text = line ?? Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout.toString().trim();
  if (text === "unlimited") return Number.POSITIVE_INFINITY;
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** At least so many files are open: a new one gets the lowest number that is free, so this costs
 * two system calls, however many there are. Null if not one more can be opened. */
export function openFilesAtLeast(): number | null {
  try {
    const file = openSync(devNull, "r");
    closeSync(file);
    return file;
  } catch {
    return null;
  }
}

function limitsText(): string {
  try {
    return readFileSync("/proc/self/limits", "utf8");
  } catch {
    return "";
  }
}
