/** How long the disk takes to make a small write durable: every batch of orders waits for that
 *  once. */
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Finding, failing, fine, messageOf, warning } from "../../lib/finding.ts";

const writes = 30;
const writeBytes = 4_096;
const slowMs = 10;

export function checkDiskSpeed(directory: string): Finding {
  try {
    return verdict(measureFsyncMs(directory));
  } catch (reason) {
    const help = "Without it nothing that was accepted is safe: use another disk or file system.";
    return failing("disk speed", `fsync failed: ${messageOf(reason)}`, help);
  }
}

function verdict(times: readonly number[]): Finding {
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const slowest = sorted.at(-1) ?? 0;
  const detail = `fsync takes ${median.toFixed(2)} ms (median), ${slowest.toFixed(2)} ms at most`;
  if (median <= slowMs) return fine("disk speed", detail);
  const help = "Buyers wait for it once a batch; a local SSD takes below 2 ms.";
  return warning("disk speed", detail, help);
}

function measureFsyncMs(directory: string): number[] {
  const file = openSync(join(directory, "fsync"), "w");
  try {
    const block = new Uint8Array(writeBytes);
    return Array.from({ length: writes }, () => {
      const start = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - start;
    });
  } finally {
    closeSync(file);
  }
}
