/** The machine itself: runtime, memory, open files. */
import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { bytesText, type Finding, fine, warning } from "../../lib/finding.ts";
import { openFilesLimit } from "../../lib/open-files.ts";

const oldestBun = "1.4.0";
const memoryWanted = 512 * 2 ** 20;
const openFilesWanted = 4_096;

export function checkRuntime(): Finding {
  const cores = `${availableParallelism()} cores`;
  const detail = `Bun ${Bun.version} on ${process.platform} ${process.arch}, ${cores}`;
  if (Bun.semver.order(Bun.version, oldestBun) >= 0) return fine("runtime", detail);
  return warning("runtime", detail, `Doorbuster is tested with Bun ${oldestBun} and newer.`);
}

export function checkMemory(): Finding {
  const limit = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const available = Math.min(availableMemory(), limit);
  const detail = `${bytesText(available)} available of ${bytesText(limit)}`;
  if (available >= memoryWanted) return fine("memory", detail);
  return warning("memory", detail, `Have ${bytesText(memoryWanted)} free; a full one is killed.`);
}

export function checkOpenFiles(): Finding {
  const limit = openFilesLimit();
  if (limit === null) return fine("open files", "the limit is not known on this system");
  if (limit >= openFilesWanted) return fine("open files", `at most ${limit}`);
  const help = `Each connection takes one: raise it with \`ulimit -n ${openFilesWanted * 4}\`.`;
  return warning("open files", `at most ${limit}`, help);
}

/** Linux counts caches that it would give up; elsewhere only what is free is known. */
function availableMemory(): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(textOf("/proc/meminfo"))?.[1];
  return kibibytes === undefined ? freemem() : Number(kibibytes) * 1_024;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
