/** What this process holds, on its own disk, so that it can go on with it after a restart. Records
 *  are appended; a lock's record is on the disk before its holder acts. An end that was torn off
 *  is cut. Damage before the end may hide that a lock was given back, so nothing is believed then:
 *  what is not resumed ends with its lease. */
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
} from "node:fs";
import { join } from "node:path";
import { type DirectoryLock, lockDirectory, ownerOf } from "../shared/directory-lock.ts";
import { type Entry, readEntries, writeEntry } from "./lock-records.ts";

/** One lock that is held. */
export interface HeldRecord {
  readonly lock: string;
  readonly uuid: string;
  /** As the gateway writes it: a decimal number. */
  readonly leaseId: string;
  readonly key: string;
  readonly token: number;
}

export interface LockWal {
  /** Stays the same as long as the file is there. */
  readonly instance: string;
  /** What was held when the file was last written. */
  readonly held: () => readonly HeldRecord[];
  /** Resolves when the record is on the disk. */
  hold(record: HeldRecord): Promise<void>;
  /** Forgets what is not held any more; on the disk sooner or later. */
  free(key: string): void;
  close(): void;
}

/** The directory belongs to another process. */
export class WalInUse extends Error {
  override readonly name = "WalInUse";
}

const fileName = "locks.wal";
/** Records, live or not, after which the file is written anew. */
const compactAfter = 1_000;

export function openLockWal(directory: string): LockWal {
  mkdirSync(directory, { recursive: true });
  const lock = lockDirectory(directory);
  if (lock === null) {
    const pid = ownerOf(directory);
    throw new WalInUse(`${directory} belongs to another process${pid === null ? "" : ` (${pid})`}`);
  }
  try {
    return walIn(directory, lock);
  } catch (reason) {
    lock.release();
    throw reason;
  }
}

function walIn(directory: string, lock: DirectoryLock): LockWal {
  const path = join(directory, fileName);
  const { entries, bytes, damaged } = readEntries(contentOf(path));
  const { instance, held } = stateAfter(entries);
  if (damaged) held.clear();
  const log = openRecordLog(directory);
  if (damaged) log.replace(live());
  else log.cutTo(bytes, entries.length);
  if (log.records() === 0) log.append({ kind: "instance", instance });
  let closed = false;

  function live(): Entry[] {
    const records: Entry[] = [...held.values()].map((record) => ({ kind: "held", record }));
    return [{ kind: "instance", instance }, ...records];
  }

  async function hold(record: HeldRecord): Promise<void> {
    if (closed) throw new Error("the log of locks is closed");
    held.set(record.key, record);
    try {
      if (log.records() >= compactAfter + held.size) log.replace(live());
      else log.append({ kind: "held", record });
      await log.synced();
    } catch (reason) {
      held.delete(record.key);
      throw reason;
    }
  }

  function free(key: string): void {
    if (!held.delete(key) || closed) return;
    try {
      log.append({ kind: "free", key });
    } catch {
      // The disk is full. Whoever reads the log asks etcd whether a key is still there.
    }
  }

  function close(): void {
    if (closed) return;
    closed = true;
    log.close();
    lock.release();
  }

  return { instance, held: () => [...held.values()], hold, free, close };
}

/** The file itself. It is cut to its whole records or replaced before anything is appended. */
function openRecordLog(directory: string) {
  const path = join(directory, fileName);
  let file = openSync(path, "a");
  let size = 0;
  let records = 0;
  syncDirectory(directory);

  function cutTo(bytes: number, whole: number): void {
    ftruncateSync(file, bytes);
    size = bytes;
    records = whole;
  }

  /** Whole or not at all: nobody would read what stands behind half a record. */
  function append(entry: Entry): void {
    try {
      size += writeEntry(file, entry);
    } catch (reason) {
      ftruncateSync(file, size);
      throw reason;
    }
    records += 1;
  }

  /** A new file that takes the place of the old one: whenever this is cut off, one of them is there
   * and whole. */
  function replace(entries: readonly Entry[]): void {
    const next = openSync(`${path}.new`, "w");
    const written = entries.reduce((sum, entry) => sum + writeEntry(next, entry), 0);
    fsyncSync(next);
    renameSync(`${path}.new`, path);
    syncDirectory(directory);
    closeSync(file);
    file = next;
    size = written;
    records = entries.length;
  }

  return {
    cutTo,
    append,
    replace,
    records: () => records,
    synced: () => synced(file),
    close: () => closeSync(file),
  };
}

function stateAfter(entries: readonly Entry[]) {
  const held = new Map<string, HeldRecord>();
  let instance: string = crypto.randomUUID();
  for (const entry of entries) {
    if (entry.kind === "instance") instance = entry.instance;
    else if (entry.kind === "held") held.set(entry.record.key, entry.record);
    else held.delete(entry.key);
  }
  return { instance, held };
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw reason;
  }
}

function synced(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(file, (reason) => (reason === null ? resolve() : reject(reason)));
  });
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  fsyncSync(directory);
  closeSync(directory);
}
