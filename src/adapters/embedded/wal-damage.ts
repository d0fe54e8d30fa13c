/** Finds out whether a write-ahead log lost what had been synced. SQLite reads a log up to the
 * first frame with a wrong checksum and drops the rest without a word: right for a transaction that
 * a crash cut off, wrong for damage. We sync every transaction before the next one is written, so a
 * crash can only hurt the last: https://sqlite.org/fileformat2.html#the_write_ahead_log */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const headerBytes = 32;
const frameHeadBytes = 24;
const magic = 0x377f0682;
const version = 3_007_000;

interface WalHeader {
  readonly littleEndian: boolean;
  readonly pageBytes: number;
  readonly salts: readonly [number, number];
  readonly sum: Sum;
}

type Sum = readonly [number, number];

export interface WalFound {
  /** 0 if there is none, or nothing in it: the database was closed properly. */
  readonly bytes: number;
  /** Whether something that had been synced is gone. */
  readonly damaged: boolean;
}

export function inspectWal(path: string): WalFound {
  const file = openIfThere(path);
  if (file === null) return { bytes: 0, damaged: false };
  try {
    const bytes = fstatSync(file).size;
    return { bytes, damaged: isDamaged(file, bytes) };
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw reason;
  }
}

/** One that ends behind the first bad frame, and has others behind it, was not the last. */
function isDamaged(file: number, bytes: number): boolean {
  if (bytes <= headerBytes) return false;
  const header = headerOf(read(file, 0, headerBytes));
  // It is synced before the first frame is written, in one piece.
  if (header === null) return true;
  const frameBytes = frameHeadBytes + header.pageBytes;
  const frames = Math.floor((bytes - headerBytes) / frameBytes);
  const placeOf = (frame: number) => headerBytes + frame * frameBytes;
  let sum: Sum | null = header.sum;
  let ended = false;
  for (let frame = 0; frame < frames; frame += 1) {
    if (sum !== null) sum = checked(read(file, placeOf(frame), frameBytes), header, sum);
    if (sum !== null) continue;
    const head = read(file, placeOf(frame), frameHeadBytes);
    if (!isOfThisLog(head, header)) continue;
    if (ended) return true;
    ended = isCommit(head);
  }
  return false;
}

function headerOf(head: Buffer): WalHeader | null {
  const littleEndian = head.readUInt32BE(0) === magic;
  if (!littleEndian && head.readUInt32BE(0) !== magic + 1) return null;
  const sum = checksum(head.subarray(0, 24), littleEndian, [0, 0]);
  const said = [head.readUInt32BE(24), head.readUInt32BE(28)];
  if (sum[0] !== said[0] || sum[1] !== said[1] || head.readUInt32BE(4) !== version) return null;
  const salts = [head.readUInt32BE(16), head.readUInt32BE(20)] as const;
  return { littleEndian, pageBytes: head.readUInt32BE(8), salts, sum };
}

/** The running checksum after a frame, or null if the frame is not what was written. */
function checked(frame: Buffer, { littleEndian, salts }: WalHeader, before: Sum): Sum | null {
  if (frame.readUInt32BE(8) !== salts[0] || frame.readUInt32BE(12) !== salts[1]) return null;
  const head = checksum(frame.subarray(0, 8), littleEndian, before);
  const sum = checksum(frame.subarray(frameHeadBytes), littleEndian, head);
  return frame.readUInt32BE(16) === sum[0] && frame.readUInt32BE(20) === sum[1] ? sum : null;
}

/** What an earlier round of the log left behind has two other salts; damage spares one of them. */
function isOfThisLog(head: Buffer, { salts }: WalHeader): boolean {
  return head.readUInt32BE(8) === salts[0] || head.readUInt32BE(12) === salts[1];
}

/** The last frame of a transaction tells the size of the database after it. */
function isCommit(head: Buffer): boolean {
  return head.readUInt32BE(4) !== 0;
}

function checksum(bytes: Buffer, littleEndian: boolean, start: Sum): Sum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [first, second] = start;
  for (let at = 0; at < bytes.length; at += 8) {
    first = (first + view.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return [first, second];
}

function read(file: number, place: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, place);
  return bytes;
}
