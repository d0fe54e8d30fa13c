/** Questions about the offsets of one topic, by partition. */
import type { Admin } from "@platformatic/kafka";
import { asked } from "./connection.ts";

/** What a group has committed for one partition. */
export interface Committed {
  /** −1 if nothing. */
  readonly offset: number;
  /** When the last message it consumed was produced; null if that is not known. */
  readonly producedAt: number | null;
}

/** The first message at or after a time, or an end of the log; offset −1 if there is none. */
export interface Listed {
  readonly offset: number;
  readonly timestamp: number;
}

export interface TopicOffsets {
  /** For every partition, at a time or at one of `ListOffsetTimestamps`. */
  all(timestamp: bigint): Promise<Listed[]>;
  /** For some partitions, each at a time of its own. */
  list(timestamps: ReadonlyMap<number, bigint>): Promise<Listed[]>;
  committedBy(group: string): Promise<Committed[]>;
}

export function topicOffsets(admin: Admin, topic: string): TopicOffsets {
  async function partitionsOf(): Promise<number[]> {
    const { topics } = await asked("reading the topic", () => admin.metadata({ topics: [topic] }));
    return Array.from({ length: topics.get(topic)?.partitionsCount ?? 0 }, (_, at) => at);
  }

  async function all(timestamp: bigint): Promise<Listed[]> {
    const partitions = await partitionsOf();
    return list(new Map(partitions.map((at) => [at, timestamp])));
  }

  async function list(timestamps: ReadonlyMap<number, bigint>): Promise<Listed[]> {
    const partitions = [...timestamps].map(([partitionIndex, timestamp]) => {
      return { partitionIndex, timestamp };
    });
    const answer = await asked("listing offsets", () =>
      admin.listOffsets({ topics: [{ name: topic, partitions }] }),
    );
    const listed: Listed[] = [];
    for (const { partitionIndex, offset, timestamp } of answer[0]?.partitions ?? []) {
      listed[partitionIndex] = { offset: Number(offset), timestamp: Number(timestamp) };
    }
    return listed;
  }

  async function committedBy(group: string): Promise<Committed[]> {
    const topics = [{ name: topic, partitionIndexes: await partitionsOf() }];
    const answer = await asked(`the position of group ${group}`, () =>
      admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics }] }),
    );
    const committed: Committed[] = [];
    for (const at of answer[0]?.topics[0]?.partitions ?? []) {
      const producedAt = /^\d{1,16}$/.test(at.metadata ?? "") ? Number(at.metadata) : null;
      committed[at.partitionIndex] = { offset: Number(at.committedOffset), producedAt };
    }
    return committed;
  }

  return { all, list, committedBy };
}
