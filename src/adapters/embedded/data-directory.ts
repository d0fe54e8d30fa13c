/** Opens a data directory: makes it, locks it against a second process, and brings its tables up
 * to date. The lock is an exclusive transaction on a file of its own, which the kernel drops
 * with the process, kill -9 included. */
import { SQLiteError, Database as Sqlite } from "bun:sqlite";
import { mkdirSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvariantError } from "../../lib/assert.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { type DirectoryLock, lockDirectory, ownerOf } from "../shared/directory-lock.ts";
import { type Database, groupCommit } from "./database.ts";
import { damageOf, hasWorkLeft } from "./database-damage.ts";
import initial from "./migrations/0001-initial.sql" with { type: "text" };
import fences from "./migrations/0002-fences.sql" with { type: "text" };
import modes from "./migrations/0003-modes.sql" with { type: "text" };
import admission from "./migrations/0004-admission.sql" with { type: "text" };
import adaptive from "./migrations/0005-adaptive.sql" with { type: "text" };
import { inspectWal } from "./wal-damage.ts";

export interface DataDirectory {
  readonly database: Database;
  close(): Promise<void>;
}

export type DataDirectoryErrorCode =
  | "data-dir-in-use"
  | "data-dir-unusable"
  | "data-dir-newer"
  | "data-dir-damaged"
  | "disk-full";

/** What keeps a data directory from being opened, and what to do about it. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
  readonly code: DataDirectoryErrorCode;
  readonly help: string;
  constructor(code: DataDirectoryErrorCode, message: string, help: string) {
    super(message);
    this.code = code;
    this.help = help;
  }
}

const migrations = [initial, fences, modes, admission, adaptive];

export function openDataDirectory(path: string): DataDirectory {
  const lock = withAdvice(path, () => {
    mkdirSync(path, { recursive: true });
    return takeLock(path);
  });
  try {
    const database = withAdvice(path, () => openTables(path));
    return {
      database,
      close: async () => {
        await database.close();
        lock.release();
      },
    };
  } catch (reason) {
    lock.release();
    throw reason;
  }
}

function takeLock(path: string): DirectoryLock {
  const lock = lockDirectory(path);
  if (lock === null) throw inUse(path);
  return lock;
}

/** After a crash the write-ahead log is not empty: then everything is looked through, and the log
 * is begun anew, since the remains of one that was cut off could be taken for damage later. */
function openTables(path: string): Database {
  const file = join(path, "doorbuster.db");
  const wal = inspectWal(`${file}-wal`);
  if (wal.damaged) throw damaged(path, "its write-ahead log lost what had been synced");
  if (wal.bytes > 0 && sizeOf(file) === 0) {
    throw damaged(path, "there is a write-ahead log, but no database that it belongs to");
  }
  const sql = new Sqlite(file, { strict: true });
  try {
    sql.run("PRAGMA journal_mode = WAL");
    sql.run("PRAGMA cache_size = -8000");
    sql.run("PRAGMA wal_autocheckpoint = 1000");
    migrate(sql, path);
    const damage = wal.bytes > 0 || hasWorkLeft(sql) ? damageOf(sql) : null;
    if (damage !== null) throw damaged(path, damage);
    sql.run("PRAGMA wal_checkpoint(TRUNCATE)");
    sql.run("PRAGMA synchronous = NORMAL");
    return groupCommit(sql, openSync(`${file}-wal`, "r+"));
  } catch (reason) {
    sql.close();
    throw reason;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function migrate(sql: Sqlite, path: string): void {
  const row = sql.query<{ user_version: number }, []>("PRAGMA user_version").get();
  const from = row?.user_version ?? 0;
  if (from > migrations.length) throw tooNew(path, from);
  migrations.slice(from).forEach((text, at) => {
    sql.transaction(() => {
      sql.run(text);
      sql.run(`PRAGMA user_version = ${from + at + 1}`);
    })();
  });
}

/** Turns the file system's and SQLite's errors into advice. */
function withAdvice<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (reason) {
    if (reason instanceof DataDirectoryError) throw reason;
    const code = reason instanceof Error && "code" in reason ? String(reason.code) : "";
    if (code === "EEXIST" || code === "ENOTDIR") throw unusable(path, "it is not a directory");
    const damage = damageFound(path, reason);
    if (damage !== null) throw damage;
    if (code === "ENOSPC" || code.startsWith("SQLITE_FULL")) throw diskFull(path);
    throw unusable(path, explained(reason));
  }
}

const damageCodes = ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_ERROR"];

/** The error if its reason is that SQLite, or whoever read its values, could not make sense of
 * them; else null. A table that is gone is an SQLITE_ERROR. Also for what is met later. */
export function damageFound(path: string, reason: unknown): DataDirectoryError | null {
  const cause = reason instanceof ServiceUnavailable ? reason.cause : reason;
  if (cause instanceof InvariantError) return damaged(path, cause.message);
  if (!(cause instanceof SQLiteError)) return null;
  const isDamage = damageCodes.some((code) => cause.code?.startsWith(code));
  return isDamage ? damaged(path, explained(cause)) : null;
}

function explained(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

function inUse(path: string): DataDirectoryError {
  const owner = ownerOf(path);
  const pid = owner === null ? "" : ` (pid ${owner})`;
  const message = `the data directory ${path} is in use by another doorbuster process${pid}`;
  const help = "stop that process, or choose another directory with --data DIR";
  return new DataDirectoryError("data-dir-in-use", message, help);
}

function diskFull(path: string): DataDirectoryError {
  const help = "free some space, or choose a directory on another disk with --data DIR";
  return new DataDirectoryError("disk-full", `the disk of ${path} is full`, help);
}

function damaged(path: string, why: string): DataDirectoryError {
  const message = `the data directory ${path} is damaged: ${why}`;
  const help =
    "restore doorbuster.db from a backup, together with its -wal if it had one,\n" +
    "or choose a new directory with --data DIR; keep a copy of this one:\n" +
    "`sqlite3 doorbuster.db .recover` may read what is left of it";
  return new DataDirectoryError("data-dir-damaged", message, help);
}

function unusable(path: string, why: string): DataDirectoryError {
  const message = `the data directory ${path} cannot be opened: ${why}`;
  const help = "make it a directory that this user can write, or choose another with --data DIR";
  return new DataDirectoryError("data-dir-unusable", message, help);
}

function tooNew(path: string, version: number): DataDirectoryError {
  const message = `the data directory ${path} is from a newer doorbuster (schema ${version})`;
  const help = "start that version, or choose another directory with --data DIR";
  return new DataDirectoryError("data-dir-newer", message, help);
}
