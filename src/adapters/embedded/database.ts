/** One SQLite file, written by one process. Writes that arrive while the disk is busy with the
 * last transaction share the next one and its fsync (group commit). SQLite itself does not sync
 * a commit (synchronous = NORMAL): we do, off the main thread, before anybody hears of it. */
import { SQLiteError, type Database as Sqlite } from "bun:sqlite";
import { closeSync, fdatasync } from "node:fs";
import { setTimeout as after } from "node:timers";
import { InvariantError, present } from "../../lib/assert.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";

export interface WriteScope {
  /** Runs if the write is not committed, newest first: puts back what it changed in memory. */
  undo(put: () => void): void;
}

export interface Database {
  readonly sql: Sqlite;
  /** Runs `operation`, synchronously, in the next shared transaction; resolves with its value
   * once that is durable. If it throws, only this operation is rolled back; if the commit fails,
   * all of them are. */
  write<T>(operation: (scope: WriteScope) => T): Promise<T>;
  /** Why writes fail just now, or null. Probed until it passes. */
  failure(): string | null;
  /** Waits for writes under way and closes the file. */
  close(): Promise<void>;
}

interface Write {
  readonly run: (scope: WriteScope) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

interface Done {
  readonly write: Write;
  readonly value: unknown;
}

const probeEveryMs = 250;

/** `walFile` is a descriptor of the database's write-ahead log, which this takes over. */
export function groupCommit(sql: Sqlite, walFile: number): Database {
  const begin = sql.prepare("BEGIN IMMEDIATE");
  const commit = sql.prepare("COMMIT");
  const runOne = savepoints(sql);
  const durable = fsyncs(walFile, drain);
  let waiting: Write[] = [];
  let failing: string | null = null;

  function write<T>(run: (scope: WriteScope) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push({ run, resolve: resolve as (value: never) => void, reject });
      if (waiting.length === 1 && !durable.syncing()) setImmediate(drain);
    });
  }

  /** One transaction at a time is under way to the disk; what arrives meanwhile shares the next. */
  function drain(): void {
    if (waiting.length === 0 || durable.syncing()) return;
    const writes = waiting;
    waiting = [];
    const undos: (() => void)[] = [];
    try {
      begin.run();
      const done = writes.flatMap((next) => runOne(next, undos));
      commit.run();
      failing = null;
      durable.push(done);
    } catch (reason) {
      rollBack(sql, undos);
      noteFailure(reason);
      const told = new ServiceUnavailable(explain(reason), { cause: reason });
      for (const next of writes) next.reject(told);
    }
  }

  function noteFailure(reason: unknown): void {
    if (failing === null) after(probe, probeEveryMs).unref();
    failing = explain(reason);
  }

  /** Writes nothing but a number onto itself, which needs the disk like any other write. */
  function probe(): void {
    if (failing === null) return;
    write(() => sql.run("UPDATE index_state SET merged = merged")).catch(() => {
      after(probe, probeEveryMs).unref();
    });
  }

  async function close(): Promise<void> {
    await write(() => undefined).catch(() => undefined);
    emptyLog(sql);
    closeSync(walFile);
    sql.close();
  }

  return { sql, write, failure: () => failing, close };
}

/** So that a start can tell that nothing was cut off. SQLite would do it itself if it were told to
 * forget every statement first. */
function emptyLog(sql: Sqlite): void {
  try {
    sql.run("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // On a full disk everything stays in the log, which the next start reads.
  }
}

/** Answers committed writes once an fsync that began after their commit has ended; then calls
 * `next`. */
function fsyncs(walFile: number, next: () => void) {
  let syncing = false;

  function push(done: readonly Done[]): void {
    syncing = true;
    fdatasync(walFile, (error) => {
      syncing = false;
      // After a failed fsync the kernel may have dropped the pages, so no later one can be
      // believed.
      if (error !== null) throw new InvariantError(`fsync failed: ${error.message}`);
      for (const { write, value } of done) write.resolve(value as never);
      setImmediate(next);
    });
  }

  return { push, syncing: () => syncing };
}

/** Runs one write in its own savepoint, so that its failure leaves the others alone. */
function savepoints(sql: Sqlite) {
  const mark = sql.prepare("SAVEPOINT one");
  const release = sql.prepare("RELEASE one");
  const back = sql.prepare("ROLLBACK TO one");
  return (write: Write, undos: (() => void)[]): Done[] => {
    const before = undos.length;
    mark.run();
    try {
      const value = write.run({ undo: (put) => void undos.push(put) });
      release.run();
      return [{ write, value }];
    } catch (reason) {
      if (isStorageFault(reason) || !sql.inTransaction) throw reason;
      back.run();
      release.run();
      putBack(undos.splice(before));
      write.reject(reason);
      return [];
    }
  };
}

function rollBack(sql: Sqlite, undos: (() => void)[]): void {
  putBack(undos);
  try {
    if (sql.inTransaction) sql.run("ROLLBACK");
  } catch {
    // SQLite has rolled back by itself, as it does on a full disk.
  }
}

function putBack(undos: (() => void)[]): void {
  for (let at = undos.length - 1; at >= 0; at -= 1) present(undos[at], "undo list shrank")();
}

const storageFaults = ["SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CORRUPT"];

export function isStorageFault(reason: unknown): boolean {
  if (!(reason instanceof SQLiteError)) return false;
  const code = reason.code ?? "";
  return storageFaults.some((fault) => code.startsWith(fault));
}

function explain(reason: unknown): string {
  const code = reason instanceof SQLiteError ? (reason.code ?? "") : "";
  if (code.startsWith("SQLITE_FULL")) return "the disk of the data directory is full";
  if (code.startsWith("SQLITE_READONLY")) return "the data directory is read-only";
  const message = reason instanceof Error ? reason.message : String(reason);
  return `the data directory cannot be written: ${message}`;
}
