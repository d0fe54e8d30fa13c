/** A directory that one process has to itself, until it ends, however it ends. */
import { Database, SQLiteError } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface DirectoryLock {
  release(): void;
}

/** Null if another process has the directory. An exclusive transaction is a lock that the system
 * drops with its process, so a killed one leaves nothing stale behind. */
export function lockDirectory(path: string): DirectoryLock | null {
  const lock = new Database(join(path, "lock.db"));
  try {
    lock.run("PRAGMA busy_timeout = 0");
    lock.run("BEGIN EXCLUSIVE");
  } catch (reason) {
    lock.close();
    if (reason instanceof SQLiteError && reason.code?.startsWith("SQLITE_BUSY")) return null;
    throw reason;
  }
  writeFileSync(join(path, "owner.pid"), `${process.pid}\n`);
  return { release: () => lock.close() };
}

/** The process that has the directory, or had it last; null if nobody knows. */
export function ownerOf(path: string): number | null {
  try {
    return Number(readFileSync(join(path, "owner.pid"), "utf8"));
  } catch {
    return null;
  }
}
