/** The records of the log of locks: length and CRC-32, 4 bytes each, then JSON. */
import { writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { HeldRecord } from "./lock-wal.ts";

export type Entry =
  | { readonly kind: "instance"; readonly instance: string }
  | { readonly kind: "held"; readonly record: HeldRecord }
  | { readonly kind: "free"; readonly key: string };

export interface Entries {
  /** The whole ones, from the beginning on … */
  readonly entries: readonly Entry[];
  /** … and how many bytes they take. */
  readonly bytes: number;
  /** Whether another whole record follows later: then this is no end that was torn off, and nobody
   * knows what stood between. */
  readonly damaged: boolean;
}

const headBytes = 8;
/** No record is shorter; a row of zeros would be one of no bytes with a right checksum. */
const bodyMinBytes = 2;

export function readEntries(file: Buffer): Entries {
  const entries: Entry[] = [];
  let bytes = 0;
  for (let body = bodyAt(file, 0); body !== null; body = bodyAt(file, bytes)) {
    entries.push(JSON.parse(body.toString()) as Entry);
    bytes += headBytes + body.length;
  }
  return { entries, bytes, damaged: recordFollows(file, bytes) };
}

/** All of it: a disk that fills up takes the beginning, and says so only when asked again. */
export function writeEntry(file: number, entry: Entry): number {
  const bytes = encode(entry);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  return bytes.length;
}

function encode(entry: Entry): Buffer {
  const body = Buffer.from(JSON.stringify(entry));
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

/** The body of the record at a place, or null if there is none. */
function bodyAt(file: Buffer, at: number): Buffer | null {
  if (at + headBytes > file.length) return null;
  const length = file.readUInt32BE(at);
  const from = at + headBytes;
  if (length < bodyMinBytes || from + length > file.length) return null;
  const body = file.subarray(from, from + length);
  return crc32(body) === file.readUInt32BE(at + 4) ? body : null;
}

function recordFollows(file: Buffer, from: number): boolean {
  for (let at = from + 1; at < file.length; at += 1) {
    if (bodyAt(file, at) !== null) return true;
  }
  return false;
}
