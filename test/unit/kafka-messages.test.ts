// What the Kafka adapter writes, judged by the library's own reader; and what it believes.

import { describe, expect, test } from "bun:test";
import { crc32c, murmur2 as libraryMurmur2, Reader, readRecordsBatch } from "@platformatic/kafka";
import fc from "fast-check";
import { recordsOf } from "../../src/adapters/kafka/fetched-records.ts";
import { murmur2 } from "../../src/adapters/kafka/murmur2.ts";
import { encodeOrder, OrderMessage } from "../../src/adapters/kafka/order-message.ts";
import { ownedPartitions } from "../../src/adapters/kafka/owned-partitions.ts";
import { encodeBatch, encodeBody } from "../../src/adapters/kafka/record-batch.ts";
import { batchEncoder } from "../../src/adapters/kafka/sequenced-batches.ts";
import { instant } from "../../src/domain/ids.ts";
import { present } from "../../src/lib/assert.ts";
import { reservation } from "../support/builders.ts";

const identity = { producerId: 7n, producerEpoch: 3 };

describe("a record batch", () => {
  test("reads as it was written, with a right checksum", () => {
    fc.assert(
      fc.property(fc.array(bodyParts(), { minLength: 1, maxLength: 300 }), (parts) => {
        const bodies = parts.map(({ key, value, headers }) => encodeBody(key, value, headers));
        const bytes = encodeBatch(bodies, { ...identity, sequence: 42 }, 1_000);
        const batch = readRecordsBatch(Reader.from(bytes));
        expect(batch).toMatchObject({
          ...identity,
          firstSequence: 42,
          crc: crc32c(bytes.subarray(21)),
        });
        const read = batch.records.map(({ key, value, headers, offsetDelta }) => {
          return {
            key,
            value,
            headers: headers.map(([name, text]) => [`${name}`, `${text}`]),
            offsetDelta,
          };
        });
        expect(read).toEqual(parts.map((part, offsetDelta) => ({ ...part, offsetDelta }) as never));
      }),
      { numRuns: 50 },
    );
  });

  test("of orders carries them with the attributes of CloudEvents", () => {
    const order = reservation({ sequence: 9, buyer: "ann", key: "k-1", at: 1_700_000_000_123 });
    const [message] = delivered(encodeOrder(order));
    expect(message?.order).toEqual(order);
    expect(headersOf(encodeOrder(order))).toEqual({
      ce_specversion: "1.0",
      ce_type: "doorbuster.order.accepted",
      ce_source: "/doorbuster",
      "content-type": "application/json",
      ce_id: order.orderId,
      ce_time: "2023-11-14T22:13:20.123Z",
    });
  });

  test("continues the sequence numbers of its partition, and keeps each key's order", () => {
    const encode = batchEncoder();
    const message = (buyer: string, sequence: number) => {
      const body = encodeOrder(reservation({ buyer, sequence }));
      return { topic: "t", key: Buffer.from(buyer), body };
    };
    encode([message("a", 1), message("a", 2)], identity, () => 1);
    const [batch] = encode([message("b", 3), message("a", 4)], identity, () => 1);
    const read = readRecordsBatch(Reader.from(present(batch, "one partition, one batch").bytes));
    expect(read.firstSequence).toBe(2);
    expect(read.records.map(({ key }) => `${key}`)).toEqual(["b", "a"]);
  });
});

test("a key's hash is the one of Kafka's own partitioner", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(murmur2(bytes) >>> 0).toBe(libraryMurmur2(Buffer.from(bytes)) >>> 0);
    }),
  );
});

describe("a message is poison if", () => {
  const good = JSON.parse(`${delivered(encodeOrder(reservation({})))[0]?.raw()}`);
  const { orderId } = good;
  const spoilt: readonly (readonly [string, unknown, string | null])[] = [
    ["it is no JSON", "{", null],
    ["it is no object", [good], null],
    ["it is null", null, null],
    ["it is of an unknown version", { ...good, v: 2 }, orderId],
    ["its order id is none", { ...good, orderId: "x" }, null],
    ["its sale is another than its order id's", { ...good, saleId: "s2" }, orderId],
    ["its epoch is another than its order id's", { ...good, epoch: 2 }, orderId],
    ["its quantity is zero", { ...good, quantity: 0 }, orderId],
    ["its quantity is broken", { ...good, quantity: 1.5 }, orderId],
    ["its quantity is too large", { ...good, quantity: 1e9 }, orderId],
    ["its buyer has a space", { ...good, buyerId: "a b" }, orderId],
    ["its request key is empty", { ...good, requestKey: "" }, orderId],
    ["its fingerprint is missing", { ...good, fingerprint: undefined }, orderId],
    ["its fingerprint fits no column", { ...good, fingerprint: "q".repeat(65) }, orderId],
    ["its fingerprint is no plain text", { ...good, fingerprint: "q1é" }, orderId],
    ["its time is no number", { ...good, reservedAt: "now" }, orderId],
    ["its time is another than its order id's", { ...good, reservedAt: 1_001 }, orderId],
  ];

  test.each(spoilt)("%s", (_, value, readableId) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const [message] = delivered(encodeBody(null, Buffer.from(text), []));
    expect(message?.order).toBeNull();
    expect(message?.orderId as string | null | undefined).toBe(readableId);
  });

  test("its bytes are no UTF-8, rather than read as other characters", () => {
    const bytes = Buffer.from(JSON.stringify({ ...good, gift: "?" }));
    bytes[bytes.lastIndexOf("?")] = 0xff;
    const [message] = delivered(encodeBody(null, bytes, [["ce_id", orderId]]));
    expect(message).toMatchObject({ order: null, orderId });
  });

  test("it has no value; its order id may stand in a header", () => {
    const [message] = delivered(encodeBody(null, null, [["ce_id", orderId]]));
    expect(message).toMatchObject({ order: null, orderId });
    expect(message?.raw()).toBe("");
  });

  test("and not because of a field that a newer writer added", () => {
    const text = JSON.stringify({ ...good, gift: true });
    const [message] = delivered(encodeBody(null, Buffer.from(text), []));
    expect(message?.order).toEqual(reservation({}));
  });
});

describe("the partitions that are owned", () => {
  const message = (partition: number, offset: number, at: number) =>
    new OrderMessage({
      ...{ partition, offset, producedAt: instant(at) },
      ...{ key: null, value: null, headers: [] },
    });

  test("give the oldest messages first, each partition's in order, up to a maximum", () => {
    const owned = ownedPartitions();
    owned.add(0, 0);
    owned.add(1, 0);
    owned.fill(at(owned, 0), [message(0, 0, 10), message(0, 1, 30)], 2);
    owned.fill(at(owned, 1), [message(1, 0, 20), message(1, 1, 40)], 2);
    expect(owned.take(3).messages.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
    ]);
    expect(owned.waiting()).toBe(1);
  });

  test("drop what was fetched of one that was lost, even if it comes back meanwhile", () => {
    const owned = ownedPartitions();
    owned.add(0, 5);
    const before = at(owned, 0);
    owned.fill(before, [message(0, 5, 10)], 6);
    owned.keep(new Set());
    owned.add(0, 5);
    owned.fill(before, [message(0, 6, 10)], 7);
    expect([owned.waiting(), owned.take(9).messages, at(owned, 0).next]).toEqual([0, [], 5]);
  });

  test("leave out of a batch what is of one that was lost, even if it came back", () => {
    const owned = ownedPartitions();
    owned.add(0, 0);
    owned.add(1, 0);
    owned.fill(at(owned, 0), [message(0, 0, 10)], 1);
    owned.fill(at(owned, 1), [message(1, 0, 20)], 1);
    const batch = owned.take(9);
    expect(owned.left(batch)).toBe(batch);
    owned.keep(new Set([1]));
    owned.add(0, 0);
    expect(owned.left(batch).messages.map(({ partition }) => partition)).toEqual([1]);
    expect([...owned.left(batch).of.values()]).toEqual([at(owned, 1)]);
  });

  function at(owned: ReturnType<typeof ownedPartitions>, partition: number) {
    return present(owned.all.get(partition), "the partition is owned");
  }
});

/** As a consumer gets it. */
function delivered(body: Buffer): OrderMessage[] {
  const batch = readRecordsBatch(Reader.from(encodeBatch([body], { ...identity, sequence: 0 }, 1)));
  return recordsOf(0, 0, batch).map((fetched) => new OrderMessage(fetched));
}

function headersOf(body: Buffer): Record<string, string> {
  const batch = readRecordsBatch(Reader.from(encodeBatch([body], { ...identity, sequence: 0 }, 1)));
  const headers = batch.records[0]?.headers ?? [];
  return Object.fromEntries(headers.map(([name, value]) => [`${name}`, `${value}`]));
}

function bodyParts() {
  const bytes = fc.option(fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)));
  const headers = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 });
  return fc.record({ key: bytes, value: bytes, headers }).map((parts) => ({ ...parts }));
}
