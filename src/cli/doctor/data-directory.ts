/** The data directory: can it be made and written, does the disk have room, does it outlive a power
 *  cut? Everything is tried in a folder of its own beside the data, which is removed again. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bytesText, type Finding, failing, fine, messageOf, warning } from "../../lib/finding.ts";
import { checkDiskSpeed } from "./disk-speed.ts";
import { checkSqlite } from "./sqlite.ts";

const roomNeeded = 100 * 2 ** 20;
const roomWanted = 2 ** 30;
/** Linux's names for file systems that live in memory (statfs(2)). */
const inMemory = new Set([0x01021994, 0x858458f6]);

export function checkDataDirectory(dataDir: string, cwd: string): Finding[] {
  const path = resolve(cwd, dataDir);
  const place = nearestExisting(path);
  if (!statSync(place).isDirectory()) {
    const help = "Name another directory with --data or DOORBUSTER_DATA_DIR.";
    return [failing("data directory", `${dataDir} is, or is inside, a file`, help)];
  }
  const probe = makeProbe(place);
  if (typeof probe !== "string") return [notWritable(dataDir, probe.error)];
  try {
    return [
      fine(
        "data directory",
        existsSync(path) ? `${dataDir} is writable` : `${dataDir} can be made`,
      ),
      checkRoom(place),
      checkSqlite(probe),
      checkDiskSpeed(probe),
    ];
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

/** Files from the future mean that the clock was set back: order ids and due times follow the
 *  clock. */
export function checkClock(dataDir: string, cwd: string, now: number): Finding {
  const detail = new Date(now).toISOString();
  if (now < Date.UTC(2026, 0)) {
    return failing("clock", `it says ${detail}`, "Set the clock; NTP keeps it right.");
  }
  const aheadMs = newestFile(resolve(cwd, dataDir)) - now;
  if (aheadMs <= 5_000) return fine("clock", detail);
  const ahead = `${Math.round(aheadMs / 1_000)} s`;
  const help = "The clock was set back, or is wrong now: set it right, and let NTP keep it.";
  return warning("clock", `${detail}, but the data is from ${ahead} later`, help);
}

function checkRoom(place: string): Finding {
  const { bavail, bsize, type } = statfsSync(place);
  const room = bavail * bsize;
  const detail = `${bytesText(room)} free`;
  const help = "Free some space: without room no order can be accepted.";
  if (room < roomNeeded) return failing("disk space", detail, help);
  if (room < roomWanted) return warning("disk space", detail, help);
  if (!inMemory.has(type)) return fine("disk space", detail);
  const advice = "It is gone after a restart of the machine: put the data on a disk.";
  return warning("disk space", `${detail}, in memory`, advice);
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

function makeProbe(place: string): string | { readonly error: unknown } {
  try {
    return mkdtempSync(join(place, ".doorbuster-doctor-"));
  } catch (error) {
    return { error };
  }
}

function notWritable(dataDir: string, error: unknown): Finding {
  const help =
    "Make it writable for the user that runs Doorbuster, or name another one with --data or" +
    " DOORBUSTER_DATA_DIR.";
  return failing("data directory", `${dataDir} cannot be written: ${messageOf(error)}`, help);
}

/** When the newest file directly in a directory was written; 0 if there is none. */
function newestFile(path: string): number {
  try {
    const times = readdirSync(path).map((name) => statSync(join(path, name)).mtimeMs);
    return Math.max(0, ...times);
  } catch {
    return 0;
  }
}
