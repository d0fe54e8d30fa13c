/** One idempotent producer: as long as it lives, what it sends again is not written again. It may
 *  have one send in flight. After a failure its user opens another one, with a new producer id. */
import { type ClusterMetadata, findErrorBy, Producer } from "@platformatic/kafka";
import { limits } from "../../domain/limits.ts";
import { present } from "../../lib/assert.ts";
import { clientOptions, type KafkaConnection } from "./connection.ts";
import { partitionOf } from "./murmur2.ts";
import { type PartitionBatch, produce } from "./produce-request.ts";
import { encodeBatch, type RecordBody } from "./record-batch.ts";
import { pause } from "./wake-up.ts";

export interface Outgoing {
  readonly topic: string;
  /** Messages with one key keep their order. */
  readonly key: Buffer;
  readonly body: RecordBody;
}

export interface Sender {
  /** Finds the brokers and gets a producer id; at once if that was done. Rejects if it takes long. */
  connect(): Promise<void>;
  /** Needs `connect`. Resolved means that all of them are durable. Rejected means unknown. */
  send(messages: readonly Outgoing[]): Promise<void>;
  /** Closes the connections with whatever waits in them, and rejects the send in flight. From then
   * on nothing is handed to the network; what the broker's machine has received already, the
   * broker may still write. */
  abandon(): void;
}

/** Tries of one send, with the same sequence numbers, before the sender gives up. */
const triesMax = 4;
const retryAfterMs = 100;
const connectMs = 1_500;

export function openSender(connection: KafkaConnection): Sender {
  const producer = new Producer({ ...clientOptions(connection), idempotent: true });
  const sequences = new Map<string, number>();
  const abandoned = Promise.withResolvers<never>();
  abandoned.promise.catch(() => {});
  let identity: { producerId: bigint; producerEpoch: number } | null = null;

  async function connect(): Promise<void> {
    if (identity !== null) return;
    const late = new AbortController();
    const tooLong = pause(connectMs, late.signal).then(() => {
      throw new Error(`no producer id within ${connectMs} ms`);
    });
    tooLong.catch(() => {});
    identity = await Promise.race([
      producer.initIdempotentProducer({}),
      abandoned.promise,
      tooLong,
    ]);
    late.abort();
  }

  async function write(messages: readonly Outgoing[]): Promise<void> {
    const topics = [...new Set(messages.map(({ topic }) => topic))];
    const metadata = await producer.metadata({ topics });
    let left = batchesOf(messages, metadata);
    for (let tries = 1; ; tries += 1) {
      const { unwritten, reason } = await deliver(left, topics, tries > 1);
      if (reason === null) return;
      if (tries === triesMax || producer.closed || !mayRetry(reason)) throw reason;
      left = unwritten;
      await Bun.sleep(retryAfterMs);
    }
  }

  function batchesOf(messages: readonly Outgoing[], metadata: ClusterMetadata): PartitionBatch[] {
    const groups = new Map<string, { topic: string; partition: number; bodies: RecordBody[] }>();
    for (const { topic, key, body } of messages) {
      const partition = partitionOf(key, metadata.topics.get(topic)?.partitionsCount ?? 1);
      const place = `${topic}:${partition}`;
      const group = groups.get(place);
      if (group === undefined) groups.set(place, { topic, partition, bodies: [body] });
      else group.bodies.push(body);
    }
    const now = Date.now();
    return [...groups].map(([place, { topic, partition, bodies }]) => {
      const sequence = nextSequence(place, bodies.length);
      const state = { ...present(identity, "a sender is connected first"), sequence };
      return { topic, partition, bytes: encodeBatch(bodies, state, now) };
    });
  }

  /** Sequence numbers wrap at 2³¹. */
  function nextSequence(place: string, count: number): number {
    const sequence = sequences.get(place) ?? 0;
    sequences.set(place, (sequence + count) % 2 ** 31);
    return sequence;
  }

  /** One request to each broker that leads some of the partitions. */
  async function deliver(batches: readonly PartitionBatch[], topics: string[], again: boolean) {
    try {
      const metadata = await producer.metadata({ topics, forceUpdate: again });
      const leaders = Map.groupBy(batches, (batch) => leaderOf(metadata, batch));
      const results = await Promise.all(
        [...leaders].map(([leader, share]) => deliverTo(metadata, leader, share)),
      );
      const failed = results.filter((result) => result.reason !== null);
      const reason = failed[0]?.reason ?? null;
      return { unwritten: failed.flatMap((result) => result.batches), reason };
    } catch (reason) {
      return { unwritten: [...batches], reason };
    }
  }

  async function deliverTo(metadata: ClusterMetadata, leader: number, batches: PartitionBatch[]) {
    try {
      const broker = metadata.brokers.get(leader);
      if (broker === undefined) throw new Error("a partition has no leader");
      const connection = await producer.connections.get(broker);
      await produce.async(connection, batches, limits.appendDeadlineMs);
      return { batches, reason: null };
    } catch (reason) {
      return { batches, reason };
    }
  }

  function abandon(): void {
    for (const [, connection] of producer.connections) connection.socket?.resetAndDestroy();
    producer.close().catch(() => {});
    abandoned.reject(new Error("the send was abandoned"));
  }

  const send = (messages: readonly Outgoing[]) =>
    Promise.race([write(messages), abandoned.promise]);

  return { connect, send, abandon };
}

function leaderOf(metadata: ClusterMetadata, { topic, partition }: PartitionBatch): number {
  return metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1;
}

/** A sequence number that the broker does not expect can only be mended by a new producer id. */
function mayRetry(reason: unknown): boolean {
  return reason instanceof Error && findErrorBy(reason, "canRetry", false) === null;
}
