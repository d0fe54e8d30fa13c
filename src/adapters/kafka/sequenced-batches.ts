/** Messages as record batches with the producer's sequence numbers, by which a broker knows a batch
 * that it has already. */

import { partitionOf } from "./murmur2.ts";
import type { PartitionBatch } from "./produce-request.ts";
import { encodeBatch, type RecordBody } from "./record-batch.ts";

export interface Outgoing {
  readonly topic: string;
  /** Messages with one key keep their order. */
  readonly key: Buffer;
  readonly body: RecordBody;
}

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** Batches of one producer: each call takes the next sequence numbers, so its batches must be
 * written before those of the next call. */
export type BatchEncoder = (
  messages: readonly Outgoing[],
  identity: ProducerIdentity,
  partitionsOf: (topic: string) => number,
) => PartitionBatch[];

interface Group {
  readonly topic: string;
  readonly partition: number;
  readonly bodies: RecordBody[];
}

export function batchEncoder(): BatchEncoder {
  const sequences = new Map<string, number>();

  /** They wrap at 2³¹. */
  function nextSequence(place: string, count: number): number {
    const sequence = sequences.get(place) ?? 0;
    sequences.set(place, (sequence + count) % 2 ** 31);
    return sequence;
  }

  return (messages, identity, partitionsOf) => {
    const now = Date.now();
    return [...grouped(messages, partitionsOf)].map(([place, { topic, partition, bodies }]) => {
      const sequence = nextSequence(place, bodies.length);
      return { topic, partition, bytes: encodeBatch(bodies, { ...identity, sequence }, now) };
    });
  };
}

function grouped(
  messages: readonly Outgoing[],
  partitionsOf: (topic: string) => number,
): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const { topic, key, body } of messages) {
    const partition = partitionOf(key, partitionsOf(topic));
    const place = `${topic}:${partition}`;
    const group = groups.get(place);
    if (group === undefined) groups.set(place, { topic, partition, bodies: [body] });
    else group.bodies.push(body);
  }
  return groups;
}
