/** The dead-letter topic: messages that could not be handled, with their bytes as they were, unless
 *  they are huge, and the story in headers. Read without a group, since nobody consumes it. */
import { type Admin, Consumer, ListOffsetTimestamps, type RecordsBatch } from "@platformatic/kafka";
import { instant } from "../../domain/ids.ts";
import { err, ok } from "../../lib/result.ts";
import type { DeadLetter, LoggedOrder, OrderLog } from "../../ports/order-log.ts";
import type { AppendQueue } from "./append-queue.ts";
import { asked, clientOptions, type KafkaConnection } from "./connection.ts";
import { recordsOf } from "./fetched-records.ts";
import type { TopicNames } from "./names.ts";
import { type FetchedMessage, OrderMessage } from "./order-message.ts";
import { encodeBody } from "./record-batch.ts";
import { topicOffsets } from "./topic-offsets.ts";

export interface DeadLettersDeps {
  readonly connection: KafkaConnection;
  readonly admin: Admin;
  readonly topics: TopicNames;
  readonly queue: AppendQueue;
}

type Port = Pick<OrderLog, "deadLetter" | "deadLetters" | "replay">;

const header = {
  reason: "doorbuster_reason",
  topic: "doorbuster_topic",
  partition: "doorbuster_partition",
  offset: "doorbuster_offset",
  buriedAt: "doorbuster_buried_at",
  bytes: "doorbuster_bytes",
} as const;

/** A message can be as large as the brokers allow; with what we add to it, it would not fit, and
 * the group would try to bury it for ever. What is cut off stands in the orders topic, at the place
 * that the headers name, as long as that is kept. */
const valueMaxBytes = 900_000;
const keyMaxBytes = 1_000;

const fetchMaxBytes = 4_194_304;
const noKey = Buffer.alloc(0);

export function deadLetters(deps: DeadLettersDeps): Port {
  const { admin, topics, queue } = deps;
  const offsets = topicOffsets(admin, topics.deadLetters);
  const reader = letterReader(deps);

  async function deadLetter(message: LoggedOrder, reason: string): Promise<void> {
    const { key, value } = bytesOf(message);
    const keptKey = key?.subarray(0, keyMaxBytes) ?? null;
    const body = encodeBody(keptKey, value?.subarray(0, valueMaxBytes) ?? null, [
      [header.reason, reason],
      [header.topic, topics.orders],
      [header.partition, String(message.partition)],
      [header.offset, String(message.offset)],
      [header.buriedAt, new Date().toISOString()],
      [header.bytes, String(value?.length ?? 0)],
    ]);
    await queue.append([{ topic: topics.deadLetters, key: keptKey ?? noKey, body }]);
  }

  async function newest(max: number): Promise<readonly DeadLetter[]> {
    const ranges = await rangesOf(max);
    const letters = await Promise.all(ranges.map(({ at, from, to }) => reader.read(at, from, to)));
    return letters
      .flat()
      .sort((a, b) => b.producedAt - a.producedAt || b.offset - a.offset)
      .slice(0, max)
      .map(letterOf);
  }

  /** By partition, where its newest `max` letters lie. */
  async function rangesOf(max: number) {
    const [earliest, latest] = await ends();
    return latest.map(({ offset: to }, at) => {
      return { at, from: Math.max(earliest[at]?.offset ?? 0, to - max), to };
    });
  }

  function ends() {
    return Promise.all([
      offsets.all(ListOffsetTimestamps.EARLIEST),
      offsets.all(ListOffsetTimestamps.LATEST),
    ]);
  }

  /** Key and value go back as they are; where it comes from is told by a header. */
  async function replay(id: string) {
    const place = /^(\d{1,9})-(\d{1,15})$/.exec(id);
    if (place === null) return err("no-such-letter" as const);
    const [at, offset] = [Number(place[1]), Number(place[2])];
    const [earliest, latest] = await ends();
    const [from, to] = [earliest[at]?.offset ?? 0, latest[at]?.offset ?? 0];
    if (offset < from || offset >= to) return err("no-such-letter" as const);
    const [letter] = await reader.read(at, offset, offset + 1);
    if (letter === undefined) return err("no-such-letter" as const);
    const body = encodeBody(letter.key, letter.value, [["doorbuster_replay_of", id]]);
    await queue.append([{ topic: topics.orders, key: letter.key ?? noKey, body }]);
    return ok(undefined);
  }

  return { deadLetter, deadLetters: newest, replay };
}

/** What this adapter delivered has its bytes; any other has at least its text. */
function bytesOf(message: LoggedOrder): { key: Buffer | null; value: Buffer | null } {
  if (message instanceof OrderMessage) return message;
  return { key: null, value: Buffer.from(message.raw()) };
}

function letterOf({ partition, offset, value, headers, producedAt }: FetchedMessage): DeadLetter {
  const texts = new Map(headers.map(([name, text]) => [String(name), String(text ?? "")]));
  const buriedAt = Date.parse(texts.get(header.buriedAt) ?? "");
  return {
    id: `${partition}-${offset}`,
    partition: Number(texts.get(header.partition) ?? 0),
    offset: Number(texts.get(header.offset) ?? 0),
    reason: texts.get(header.reason) ?? "unknown",
    raw: value?.toString() ?? "",
    buriedAt: Number.isNaN(buriedAt) ? producedAt : instant(buriedAt),
  };
}

/** Fetches a range of one partition, with a client of its own that is closed again: it is used
 *  seldom. */
function letterReader({ connection, topics }: DeadLettersDeps) {
  const topic = topics.deadLetters;

  async function read(partition: number, from: number, to: number): Promise<FetchedMessage[]> {
    if (from >= to) return [];
    const consumer = new Consumer({ ...clientOptions(connection), groupId: "unused" });
    consumer.topics.track(topic);
    try {
      return await asked("reading dead letters", () => readRange(consumer, partition, from, to));
    } finally {
      await consumer.close();
    }
  }

  async function readRange(consumer: Consumer, partition: number, from: number, to: number) {
    const found: FetchedMessage[] = [];
    for (let next = from; next < to; ) {
      const batches = await fetchBatches(consumer, partition, next);
      for (const batch of batches) found.push(...recordsOf(partition, next, batch));
      const last = batches.at(-1);
      if (last === undefined) break;
      next = Number(last.firstOffset) + last.lastOffsetDelta + 1;
    }
    return found.filter(({ offset }) => offset < to);
  }

  async function fetchBatches(
    consumer: Consumer,
    partition: number,
    offset: number,
  ): Promise<readonly RecordsBatch[]> {
    const found = (await consumer.metadata({ topics: [topic] })).topics.get(topic);
    const place = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
    const request = { partition, fetchOffset: BigInt(offset), partitionMaxBytes: fetchMaxBytes };
    const response = await consumer.fetch({
      node: found?.partitions[partition]?.leader ?? -1,
      topics: [{ topicId: found?.id ?? "", partitions: [{ ...request, ...place }] }],
      maxWaitTime: 0,
      minBytes: 0,
      maxBytes: fetchMaxBytes,
    });
    return response.responses[0]?.partitions[0]?.records ?? [];
  }

  return { read };
}
