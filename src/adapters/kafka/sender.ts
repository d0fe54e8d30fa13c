/** One idempotent producer: as long as it lives, what it sends again is not written again. It may
 * have one send in flight. After a failure its user opens another one, with a new producer id. */
import { findErrorBy, Producer } from "@platformatic/kafka";
import { limits } from "../../domain/limits.ts";
import { present } from "../../lib/assert.ts";
import { clientOptions, type KafkaConnection } from "./connection.ts";
import { type PartitionBatch, produce } from "./produce-request.ts";
import { batchEncoder, type Outgoing, type ProducerIdentity } from "./sequenced-batches.ts";
import { pause } from "./wake-up.ts";

export interface Sender {
  /** Finds the brokers and gets a producer id; at once if that was done. Rejects if it takes
   * long. */
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
  const encode = batchEncoder();
  const abandoned = Promise.withResolvers<never>();
  abandoned.promise.catch(() => {});
  let identity: ProducerIdentity | null = null;

  async function connect(): Promise<void> {
    if (identity !== null) return;
    const asked = producer.initIdempotentProducer({});
    identity = await Promise.race([asked, abandoned.promise, late(connectMs, asked)]);
  }

  async function write(messages: readonly Outgoing[]): Promise<void> {
    const topics = [...new Set(messages.map(({ topic }) => topic))];
    const known = (await producer.metadata({ topics })).topics;
    const ours = present(identity, "a sender is connected before it sends");
    let left = encode(messages, ours, (topic) => known.get(topic)?.partitionsCount ?? 1);
    for (let tries = 1; ; tries += 1) {
      const { unwritten, reason } = await deliver(producer, left, topics, tries > 1);
      if (reason === null) return;
      if (tries === triesMax || producer.closed || !mayRetry(reason)) throw reason;
      left = unwritten;
      await Bun.sleep(retryAfterMs);
    }
  }

  function abandon(): void {
    for (const [, socketOf] of producer.connections) socketOf.socket?.resetAndDestroy();
    producer.close().catch(() => {});
    abandoned.reject(new Error("the send was abandoned"));
  }

  const send = (messages: readonly Outgoing[]) =>
    Promise.race([write(messages), abandoned.promise]);

  return { connect, send, abandon };
}

interface Delivery {
  readonly unwritten: PartitionBatch[];
  /** Null if nothing failed. */
  readonly reason: unknown;
}

/** One request to each broker that leads some of the partitions. */
async function deliver(
  producer: Producer,
  batches: PartitionBatch[],
  topics: string[],
  again: boolean,
): Promise<Delivery> {
  try {
    const metadata = await producer.metadata({ topics, forceUpdate: again });
    const leaders = Map.groupBy(batches, ({ topic, partition }) => {
      const leader = metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1;
      return metadata.brokers.get(leader);
    });
    const shares = [...leaders].map(([broker, share]) => deliverTo(producer, broker, share));
    const failed = (await Promise.all(shares)).filter(({ reason }) => reason !== null);
    return {
      unwritten: failed.flatMap((share) => share.unwritten),
      reason: failed[0]?.reason ?? null,
    };
  } catch (reason) {
    return { unwritten: batches, reason };
  }
}

async function deliverTo(
  producer: Producer,
  broker: { readonly host: string; readonly port: number } | undefined,
  batches: PartitionBatch[],
): Promise<Delivery> {
  try {
    if (broker === undefined) throw new Error("a partition has no leader");
    const connection = await producer.connections.get(broker);
    await produce.async(connection, batches, limits.appendDeadlineMs);
    return { unwritten: [], reason: null };
  } catch (reason) {
    return { unwritten: batches, reason };
  }
}

/** A sequence number that the broker does not expect can only be mended by a new producer id. */
function mayRetry(reason: unknown): boolean {
  return reason instanceof Error && findErrorBy(reason, "canRetry", false) === null;
}

/** Rejects after the time, unless the other one is settled by then. */
async function late(ms: number, other: Promise<unknown>): Promise<never> {
  const settled = new AbortController();
  other.then(
    () => settled.abort(),
    () => settled.abort(),
  );
  await pause(ms, settled.signal);
  throw new Error(`no producer id within ${ms} ms`);
}
