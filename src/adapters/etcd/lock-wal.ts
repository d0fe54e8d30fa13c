/** What this process holds, on its own disk, so that it can go on with it after a restart. Records
 *  are appended: length and CRC-32, 4 bytes each, then JSON. A lock's record is on the disk before
 *  its holder acts. What follows the first record that is torn or damaged is cut off. */
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { type DirectoryLock, lockDirectory, ownerOf } from "../shared/directory-lock.ts";

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

type Entry =
  | { readonly kind: "instance"; readonly instance: string }
  | { readonly kind: "held"; readonly record: HeldRecord }
  | { readonly kind: "free"; readonly key: string };

/** The directory belongs to another process. */
export class WalInUse extends Error {
  override readonly name = "WalInUse";
}

const fileName = "locks.wal";
const headBytes = 8;
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
  const held = new Map<string, HeldRecord>();
  const { entries, bytes } = readEntries(path);
  let instance: string = crypto.randomUUID();
  for (const entry of entries) {
    if (entry.kind === "instance") instance = entry.instance;
    else if (entry.kind === "held") held.set(entry.record.key, entry.record);
    else held.delete(entry.key);
  }
  let records = entries.length;
  let closed = false;
  let file = openSync(path, "a");
  ftruncateSync(file, bytes);
  if (records === 0) append({ kind: "instance", instance });
  syncDirectory(directory);

  function append(entry: Entry): void {
    writeSync(file, encode(entry));
    records += 1;
  }

  async function hold(record: HeldRecord): Promise<void> {
    if (closed) throw new Error("the log of locks is closed");
    held.set(record.key, record);
    if (records >= compactAfter + held.size) compact();
    else append({ kind: "held", record });
    await synced(file);
  }

  function free(key: string): void {
    if (held.delete(key) && !closed) append({ kind: "free", key });
  }

  /** A new file that takes the place of the old one: whenever this is cut off, one of them is there
   * and whole. */
  function compact(): void {
    const next = openSync(`${path}.new`, "w");
    const live: Entry[] = [...held.values()].map((record) => ({ kind: "held", record }));
    for (const entry of [{ kind: "instance", instance } as const, ...live]) {
      writeSync(next, encode(entry));
    }
    fsyncSync(next);
    renameSync(`${path}.new`, path);
    syncDirectory(directory);
    closeSync(file);
    file = next;
    records = 1 + live.length;
  }

  function close(): void {
    if (closed) return;
    closed = true;
    closeSync(file);
    lock.release();
  }

  return { instance, held: () => [...held.values()], hold, free, close };
}

function encode(entry: Entry): Buffer {
  const body = Buffer.from(JSON.stringify(entry));
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

/** The whole records, and how many bytes they take. */
function readEntries(path: string): { readonly entries: Entry[]; readonly bytes: number } {
  const file = contentOf(path);
  const entries: Entry[] = [];
  let at = 0;
  while (at + headBytes <= file.length) {
    const body = file.subarray(at + headBytes, at + headBytes + file.readUInt32BE(at));
    if (body.length < file.readUInt32BE(at) || crc32(body) !== file.readUInt32BE(at + 4)) break;
    entries.push(JSON.parse(body.toString()) as Entry);
    at += headBytes + body.length;
  }
  return { entries, bytes: at };
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
