/** Dead letters on a topic of their own: the message as it was, and in its headers why it is there
 * and where it came from. */
import { Consumer } from "@platformatic/kafka";
import { instant } from "../../domain/ids.ts";
import { err, ok } from "../../lib/result.ts";
import type { DeadLetter, OrderLog } from "../../ports/order-log.ts";
import type { Headers } from "./message.ts";
import type { OrderProducer } from "./producer.ts";
import { clientOptions, type KafkaOptions, type TopicNames } from "./topics.ts";

interface StoredLetter {
  readonly offset: bigint;
  readonly timestamp: bigint;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: ReadonlyMap<string, string>;
}

const empty = Buffer.alloc(0);
const bytes = (value: string | number) => Buffer.from(String(value));

export function deadLetterTopic(
  options: KafkaOptions,
  names: TopicNames,
  producer: OrderProducer,
): Pick<OrderLog, "deadLetter" | "deadLetters" | "replay"> {
  const deadLetter: OrderLog["deadLetter"] = async (message, reason) => {
    const headers: Headers = new Map([
      [bytes("reason"), bytes(reason)],
      [bytes("original-topic"), bytes(names.orders)],
      [bytes("original-partition"), bytes(message.partition)],
      [bytes("original-offset"), bytes(message.offset)],
    ]);
    const value = bytes(message.raw());
    await producer.send([{ topic: names.deadLetters, key: empty, value, headers }]);
  };

  const deadLetters: OrderLog["deadLetters"] = async (max) => {
    const letters = await readLetters(options, names.deadLetters, { newest: max });
    return letters.reverse().map(toDeadLetter);
  };

  const replay: OrderLog["replay"] = async (id) => {
    const offset = /^0-(\d{1,15})$/.exec(id)?.[1];
    if (offset === undefined) return err("no-such-letter");
    const [letter] = await readLetters(options, names.deadLetters, { at: BigInt(offset) });
    if (letter === undefined) return err("no-such-letter");
    const { key, value } = letter;
    await producer.send([{ topic: names.orders, key, value, headers: new Map() }]);
    return ok(undefined);
  };

  return { deadLetter, deadLetters, replay };
}

type Wanted = { readonly newest: number } | { readonly at: bigint };

/** Reads a part of the one partition, without a group. */
async function readLetters(
  options: KafkaOptions,
  topic: string,
  wanted: Wanted,
): Promise<StoredLetter[]> {
  const client = clientOptions(options, "doorbuster-dlq");
  const consumer = new Consumer({ ...client, groupId: `${options.prefix}dlq-reader` });
  try {
    const [end = 0n] = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
    const [from, count] = "at" in wanted ? [wanted.at, 1] : newest(end, wanted.newest);
    const { topics } = await consumer.metadata({ topics: [topic] });
    const known = topics.get(topic);
    const node = known?.partitions[0]?.leader;
    const letters: StoredLetter[] = [];
    let next = from;
    while (known !== undefined && node !== undefined && next < end && letters.length < count) {
      const page = await fetchFrom(consumer, node, known.id, next);
      const found = page.filter((letter) => letter.offset >= next);
      letters.push(...found.slice(0, count - letters.length));
      next = (found.at(-1)?.offset ?? next) + 1n;
    }
    return letters;
  } finally {
    await consumer.close(true);
  }
}

function newest(end: bigint, count: number): [from: bigint, count: number] {
  const from = end - BigInt(count);
  return [from < 0n ? 0n : from, count];
}

async function fetchFrom(
  consumer: Consumer,
  node: number,
  topicId: string,
  fetchOffset: bigint,
): Promise<StoredLetter[]> {
  const partition = {
    partition: 0,
    fetchOffset,
    partitionMaxBytes: 1_048_576,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  };
  const wait = { minBytes: 1, maxBytes: 1_048_576, maxWaitTime: 100 };
  const topics = [{ topicId, partitions: [partition] }];
  const { responses } = await consumer.fetch({ node, topics, ...wait });
  const batches = responses[0]?.partitions[0]?.records ?? [];
  return batches.flatMap((batch) =>
    batch.records.map((record) => ({
      offset: batch.firstOffset + BigInt(record.offsetDelta),
      timestamp: batch.maxTimestamp,
      key: record.key ?? empty,
      value: record.value ?? empty,
      headers: new Map(record.headers.map(([name, value]) => [String(name), String(value)])),
    })),
  );
}

function toDeadLetter({ offset, timestamp, value, headers }: StoredLetter): DeadLetter {
  return {
    id: `0-${offset}`,
    partition: Number(headers.get("original-partition") ?? 0),
    offset: Number(headers.get("original-offset") ?? 0),
    reason: headers.get("reason") ?? "",
    raw: value.toString(),
    buriedAt: instant(Number(timestamp)),
  };
}
