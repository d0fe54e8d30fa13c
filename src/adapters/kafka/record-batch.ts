/** Kafka's record batch, version 2 (https://kafka.apache.org/documentation/#recordbatch), written
 *  into one buffer. The library builds it out of many small ones, which costs three times as much
 *  for messages with headers, and every order passes here. */
import { crc32c } from "@platformatic/kafka";
import { varintLength, writeVarint } from "./varint.ts";

export type Header = readonly [name: string, value: string | Buffer];

/** Key, value and headers of a message as they stand in a record. */
export type RecordBody = Buffer;

export interface ProducerState {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Number of the batch's first message among this producer's messages for the partition. */
  readonly sequence: number;
}

const headLength = 61;
/** In the attributes: how the records are compressed. */
const zstd = 4;
/** Bytes of a batch below which compressing gains nothing. */
const compressFrom = 1_000;
/** Where the checksum's range begins. */
const attributesAt = 21;

export function encodeBody(
  key: Buffer | null,
  value: Buffer | null,
  headers: readonly Header[],
): RecordBody {
  const fields = headers.flat().map((field) => (Buffer.isBuffer(field) ? field : utf8(field)));
  const parts = [sized(key), sized(value), varint(headers.length), ...fields.map(sized)];
  return Buffer.concat(parts);
}

/** The part of a body that all messages of a kind share. */
export function encodeHeaders(headers: readonly Header[]): Buffer {
  return Buffer.concat(headers.flat().map((field) => sized(utf8(field))));
}

export function encodeBatch(
  bodies: readonly RecordBody[],
  state: ProducerState,
  now: number,
): Buffer {
  const plain = Buffer.allocUnsafe(headLength + recordsLength(bodies));
  let at = headLength;
  for (let delta = 0; delta < bodies.length; delta += 1) {
    at = writeRecord(plain, bodies[delta] as RecordBody, delta, at);
  }
  const small = compressed(plain);
  const batch = small ?? plain;
  writeHead(batch, bodies.length, state, BigInt(now));
  batch.writeInt16BE(small === null ? 0 : zstd, attributesAt);
  batch.writeUInt32BE(crc32c(batch.subarray(attributesAt)), 17);
  return batch;
}

/** The batch with its records compressed; null if there is too little of it. Orders resemble each
 * other, so an eighth is left, which costs less than sending the rest. */
function compressed(plain: Buffer): Buffer | null {
  if (plain.length < compressFrom) return null;
  const records = Bun.zstdCompressSync(plain.subarray(headLength), { level: 1 });
  return Buffer.concat([plain.subarray(0, headLength), records]);
}

/** Attributes, the timestamp's delta and the offset's delta stand before the body. */
function recordLength(body: RecordBody, delta: number): number {
  return 2 + varintLength(delta) + body.length;
}

function recordsLength(bodies: readonly RecordBody[]): number {
  let sum = 0;
  for (let delta = 0; delta < bodies.length; delta += 1) {
    const length = recordLength(bodies[delta] as RecordBody, delta);
    sum += varintLength(length) + length;
  }
  return sum;
}

function writeRecord(batch: Buffer, body: RecordBody, delta: number, start: number): number {
  let at = writeVarint(batch, recordLength(body, delta), start);
  batch[at] = 0;
  batch[at + 1] = 0;
  at = writeVarint(batch, delta, at + 2);
  batch.set(body, at);
  return at + body.length;
}

function writeHead(batch: Buffer, count: number, state: ProducerState, now: bigint): void {
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(2, 16);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(now, 27);
  batch.writeBigInt64BE(now, 35);
  batch.writeBigInt64BE(state.producerId, 43);
  batch.writeInt16BE(state.producerEpoch, 51);
  batch.writeInt32BE(state.sequence, 53);
  batch.writeInt32BE(count, 57);
}

const nothing = varint(-1);

function sized(field: Buffer | null): Buffer {
  return field === null ? nothing : Buffer.concat([varint(field.length), field]);
}

function varint(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(varintLength(value));
  writeVarint(bytes, value, 0);
  return bytes;
}

function utf8(text: string | Buffer): Buffer {
  return Buffer.isBuffer(text) ? text : Buffer.from(text);
}
