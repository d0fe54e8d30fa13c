/** One member of a consumer group: which partitions are its own, fetches from them, positions. The
 *  library's consumer keeps the membership (classic protocol, cooperative-sticky assignment) and
 *  heartbeats by timer; its stream is not used, because it neither bounds what it fetches ahead by
 *  messages, nor tells the log's append time, nor commits with metadata. */
import {
  ConnectionPool,
  Consumer,
  FetchIsolationLevels,
  ListOffsetTimestamps,
  offsetCommitV8,
} from "@platformatic/kafka";
import { assert } from "../../lib/assert.ts";
import { clientOptions, type KafkaConnection } from "./connection.ts";
import { type Fetched, orderMessages } from "./fetched-records.ts";
import type { OwnedPartition } from "./owned-partitions.ts";

/** A position to commit: everything before `offset` was handled, the last of it produced then. */
export interface Position {
  readonly offset: number;
  readonly producedAt: number;
}

export interface GroupMember {
  join(): Promise<void>;
  /** Partitions that are ours now; others may be tomorrow. */
  assigned(): ReadonlySet<number>;
  /** Where to begin: after what the group has committed, or at the earliest message. */
  positions(partitions: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** The partitions by the broker that leads them. */
  byLeader(partitions: Iterable<OwnedPartition>): Promise<Map<number, OwnedPartition[]>>;
  /** Waits a little for messages; one fetch per broker at a time. */
  fetch(leader: number, partitions: readonly OwnedPartition[]): Promise<Map<number, Fetched>>;
  /** Writes the positions of those partitions that are still ours. */
  commit(positions: ReadonlyMap<number, Position>): Promise<void>;
  /** Leaves the group. */
  close(): Promise<void>;
}

export interface GroupMemberOptions {
  readonly connection: KafkaConnection;
  readonly group: string;
  readonly topic: string;
  /** Stays the same when this subscriber joins again, so that it need not wait until the group has
   * forgotten what it was before. */
  readonly instanceId: string;
  /** Called when `assigned` may have changed. */
  readonly changed: () => void;
  /** Called when this member is of no use any more. */
  readonly lost: (reason: unknown) => void;
}

/** The brokers' default allows no shorter session. */
const sessionTimeoutMs = 6_000;
const heartbeatMs = 1_000;
/** A join waits for the other members that long, and no request may be given up before. */
const rebalanceMs = 7_000;
const joinRequestMs = 9_000;
const fetchWaitMs = 250;
const fetchRequestMs = 3_000;
const fetchMaxBytes = 1_048_576;
const partitionMaxBytes = 524_288;

export function groupMember(options: GroupMemberOptions): GroupMember {
  const { connection, topic, group } = options;
  const base = clientOptions(connection);
  const consumer = new Consumer({
    ...base,
    groupId: group,
    groupInstanceId: options.instanceId,
    requestTimeout: joinRequestMs,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: rebalanceMs,
    heartbeatInterval: heartbeatMs,
    protocols: [{ name: "cooperative-sticky", version: 3 }],
  });
  /** A broker answers the requests of one connection in turn, and a fetch waits: heartbeats and
   * commits must not stand behind it. */
  const fetchPool = new ConnectionPool(base.clientId, { ...base, requestTimeout: fetchRequestMs });
  consumer.topics.track(topic);
  consumer.on("consumer:group:join", options.changed);
  consumer.on("consumer:group:rebalance", options.changed);
  consumer.on("error", options.lost);

  const metadata = () => consumer.metadata({ topics: [topic] });

  function assigned(): ReadonlySet<number> {
    const ours = consumer.assignments?.find((assignment) => assignment.topic === topic);
    return new Set(ours?.partitions);
  }

  async function positions(partitions: readonly number[]): Promise<Map<number, number>> {
    const wanted = { topics: [topic], partitions: { [topic]: [...partitions] } };
    const [committed, earliest] = await Promise.all([
      consumer.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] }),
      consumer.listOffsets({ ...wanted, timestamp: ListOffsetTimestamps.EARLIEST }),
    ]);
    const offsetIn = (offsets: typeof committed, at: number) => offsets.get(topic)?.[at] ?? -1n;
    return new Map(
      partitions.map((at) => {
        const offset = offsetIn(committed, at);
        return [at, Number(offset >= 0n ? offset : offsetIn(earliest, at))];
      }),
    );
  }

  async function byLeader(partitions: Iterable<OwnedPartition>) {
    const { topics } = await metadata();
    const leaders = topics.get(topic)?.partitions;
    return Map.groupBy(partitions, ({ partition }) => leaders?.[partition]?.leader ?? -1);
  }

  async function fetch(leader: number, partitions: readonly OwnedPartition[]) {
    const { topics } = await metadata();
    const request = partitions.map(({ partition, next }) => ({
      partition,
      fetchOffset: BigInt(next),
      partitionMaxBytes,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
    }));
    const response = await consumer.fetch({
      node: leader,
      topics: [{ topicId: topics.get(topic)?.id ?? "", partitions: request }],
      connectionPool: fetchPool,
      maxWaitTime: fetchWaitMs,
      minBytes: 1,
      maxBytes: fetchMaxBytes,
      isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED,
    });
    const from = new Map(partitions.map(({ partition, next }) => [partition, next]));
    const fetched = new Map<number, Fetched>();
    for (const { partitionIndex, records } of response.responses.flatMap((r) => r.partitions)) {
      const start = from.get(partitionIndex);
      if (start === undefined || !records) continue;
      fetched.set(partitionIndex, orderMessages(partitionIndex, start, records));
    }
    return fetched;
  }

  async function commit(all: ReadonlyMap<number, Position>): Promise<void> {
    const ours = assigned();
    const partitions = [...all]
      .filter(([partition]) => ours.has(partition))
      .map(([partitionIndex, { offset, producedAt }]) => ({
        partitionIndex,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: String(producedAt),
      }));
    if (partitions.length === 0) return;
    const { generationId, memberId } = consumer;
    assert(memberId !== null, "who owns partitions is a member");
    const coordinator = (await metadata()).brokers.get(await consumer.findGroupCoordinator());
    if (coordinator === undefined) throw new Error("the group has no coordinator");
    const topics = [{ name: topic, partitions }];
    const broker = await consumer.connections.get(coordinator);
    await offsetCommitV8.api.async(
      broker,
      group,
      generationId,
      memberId,
      options.instanceId,
      topics,
    );
  }

  async function close(): Promise<void> {
    await Promise.allSettled([consumer.close(true), fetchPool.close()]);
  }

  return {
    join: async () => void (await consumer.joinGroup()),
    ...{ assigned, positions, byLeader, fetch, commit, close },
  };
}
