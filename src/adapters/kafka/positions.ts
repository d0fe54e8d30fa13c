/** Where the log ends, and how far groups have come. */
import { Consumer } from "@platformatic/kafka";
import { instant } from "../../domain/ids.ts";
import type { LogEnd, LogLag } from "../../ports/order-log.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { clientOptions, type KafkaOptions } from "./topics.ts";

export interface Positions {
  end(): Promise<LogEnd>;
  lag(group: string): Promise<LogLag>;
  reached(group: string, end: LogEnd): Promise<void>;
  close(): Promise<void>;
}

const pollMs = 50;

export function logPositions(options: KafkaOptions, topic: string): Positions {
  /** One a group, none of which ever joins. */
  const readers = new Map<string, Consumer>();

  function reader(group: string): Consumer {
    const known = readers.get(group);
    if (known !== undefined) return known;
    const made = new Consumer({
      ...clientOptions(options, "doorbuster-positions"),
      groupId: `${options.prefix}${group}`,
    });
    readers.set(group, made);
    return made;
  }

  async function told<T>(group: string, ask: (consumer: Consumer) => Promise<T>): Promise<T> {
    try {
      return await ask(reader(group));
    } catch (reason) {
      const message = reason instanceof Error ? reason.message : String(reason);
      throw new ServiceUnavailable(`Kafka: ${message}`, { cause: reason });
    }
  }

  const endOf = async (consumer: Consumer): Promise<bigint[]> =>
    (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];

  async function committedOf(consumer: Consumer, partitions: number): Promise<bigint[]> {
    const wanted = { topic, partitions: Array.from({ length: partitions }, (_, at) => at) };
    const offsets = await consumer.listCommittedOffsets({ topics: [wanted] });
    return (offsets.get(topic) ?? []).map((offset) => (offset < 0n ? 0n : offset));
  }

  const end = () => told("positions", async (consumer) => (await endOf(consumer)).map(Number));

  const lag = (group: string) =>
    told(group, async (consumer) => {
      const asked = Date.now();
      const ends = await endOf(consumer);
      const committed = await committedOf(consumer, ends.length);
      const behind = ends.flatMap((at, partition) => {
        const from = committed[partition] ?? 0n;
        return at > from ? [{ partition, from, count: Number(at - from) }] : [];
      });
      const oldest = await Promise.all(behind.map((one) => producedAt(consumer, topic, one)));
      const consumedThrough = Math.min(asked, ...oldest);
      return {
        messages: behind.reduce((sum, { count }) => sum + count, 0),
        seconds: (asked - consumedThrough) / 1_000,
        consumedThrough: instant(consumedThrough),
      };
    });

  async function reached(group: string, wanted: LogEnd): Promise<void> {
    for (;;) {
      const committed = await told(group, (consumer) => committedOf(consumer, wanted.length));
      if (wanted.every((at, partition) => Number(committed[partition] ?? 0n) >= at)) return;
      await Bun.sleep(pollMs);
    }
  }

  async function close(): Promise<void> {
    const all = [...readers.values()];
    await Promise.all(all.map((consumer) => consumer.close(true).catch(() => undefined)));
  }

  return { end, lag, reached, close };
}

interface Place {
  readonly partition: number;
  readonly from: bigint;
}

/** When the message at an offset was written. A fetch gives whole batches, and the broker's clock
 * stamps a batch as one. */
async function producedAt(consumer: Consumer, topic: string, place: Place): Promise<number> {
  const metadata = await consumer.metadata({ topics: [topic] });
  const known = metadata.topics.get(topic);
  const node = known?.partitions[place.partition]?.leader;
  if (known === undefined || node === undefined) return 0;
  const partition = {
    partition: place.partition,
    fetchOffset: place.from,
    partitionMaxBytes: 1,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
  };
  const topics = [{ topicId: known.id, partitions: [partition] }];
  const wait = { minBytes: 1, maxBytes: 1, maxWaitTime: 100 };
  const { responses } = await consumer.fetch({ node, topics, ...wait });
  const [batch] = responses[0]?.partitions[0]?.records ?? [];
  return batch === undefined ? 0 : Number(batch.maxTimestamp);
}
