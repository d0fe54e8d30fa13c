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
  /** Writes positions. Rejects while this is no member of the group. */
  commit(positions: ReadonlyMap<OwnedPartition, Position>): Promise<void>;
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
  /** Called when `assigned` may have changed, at once, so that no change goes unseen. `forgotten`
   * if others may have had any of the partitions since the last call: the group had forgotten us,
   * or has come further without us. */
  readonly changed: (forgotten: boolean) => void;
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
  const change = () => options.changed(!goesOn());
  consumer.on("consumer:group:join", change);
  consumer.on("consumer:group:rebalance", change);
  consumer.on("error", options.lost);
  const member: Member = { ...options, consumer, fetchPool };

  let last = { memberId: consumer.memberId, generationId: consumer.generationId };

  /** Whether we were a member all the time: it has one id, and is in each generation. */
  function goesOn(): boolean {
    const { memberId, generationId } = consumer;
    const generations = generationId - last.generationId;
    const same = memberId === last.memberId && (generations === 0 || generations === 1);
    last = { memberId, generationId };
    return same;
  }

  function assigned(): ReadonlySet<number> {
    const ours = consumer.assignments?.find((assignment) => assignment.topic === topic);
    return new Set(ours?.partitions);
  }

  return {
    join: async () => void (await consumer.joinGroup()),
    assigned,
    positions: (partitions) => positionsOf(member, partitions),
    byLeader: async (partitions) => {
      const leaders = (await metadataOf(member)).topics.get(topic)?.partitions;
      return Map.groupBy(partitions, ({ partition }) => leaders?.[partition]?.leader ?? -1);
    },
    fetch: (leader, partitions) => fetchFrom(member, leader, partitions),
    commit: (positions) => commitOf(member, positions),
    close: async () => {
      await Promise.allSettled([consumer.close(true), fetchPool.close()]);
    },
  };
}

interface Member extends GroupMemberOptions {
  readonly consumer: Consumer;
  readonly fetchPool: ConnectionPool;
}

function metadataOf({ consumer, topic }: Member) {
  return consumer.metadata({ topics: [topic] });
}

async function positionsOf({ consumer, topic }: Member, partitions: readonly number[]) {
  const [committed, earliest] = await Promise.all([
    consumer.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] }),
    consumer.listOffsets({
      topics: [topic],
      partitions: { [topic]: [...partitions] },
      timestamp: ListOffsetTimestamps.EARLIEST,
    }),
  ]);
  const offsetIn = (offsets: typeof committed, at: number) => offsets.get(topic)?.[at] ?? -1n;
  return new Map(
    partitions.map((at) => {
      const offset = offsetIn(committed, at);
      return [at, Number(offset >= 0n ? offset : offsetIn(earliest, at))];
    }),
  );
}

async function fetchFrom(member: Member, leader: number, partitions: readonly OwnedPartition[]) {
  const { consumer, fetchPool, topic } = member;
  const { topics } = await metadataOf(member);
  const place = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes };
  const wanted = partitions.map(({ partition, next }) => {
    return { partition, fetchOffset: BigInt(next), ...place };
  });
  const from = new Map(partitions.map(({ partition, next }) => [partition, next]));
  const response = await consumer.fetch({
    node: leader,
    topics: [{ topicId: topics.get(topic)?.id ?? "", partitions: wanted }],
    connectionPool: fetchPool,
    maxWaitTime: fetchWaitMs,
    minBytes: 1,
    maxBytes: fetchMaxBytes,
    isolationLevel: FetchIsolationLevels.READ_UNCOMMITTED,
  });
  const fetched = new Map<number, Fetched>();
  for (const { partitionIndex, records } of response.responses.flatMap((r) => r.partitions)) {
    const start = from.get(partitionIndex);
    if (start === undefined || !records) continue;
    fetched.set(partitionIndex, orderMessages(partitionIndex, start, records));
  }
  return fetched;
}

async function commitOf(member: Member, positions: ReadonlyMap<OwnedPartition, Position>) {
  const { consumer, group, topic, instanceId } = member;
  const partitions = [...positions].map(([{ partition }, { offset, producedAt }]) => ({
    partitionIndex: partition,
    committedOffset: BigInt(offset),
    committedLeaderEpoch: -1,
    committedMetadata: String(producedAt),
  }));
  const coordinator = await consumer.findGroupCoordinator();
  const broker = (await metadataOf(member)).brokers.get(coordinator);
  if (broker === undefined) throw new Error("the group has no coordinator");
  const connection = await consumer.connections.get(broker);
  const { generationId, memberId } = consumer;
  if (memberId === null) throw new Error("not a member of the group at the moment");
  const topics = [{ name: topic, partitions }];
  const { api } = offsetCommitV8;
  await api.async(connection, group, generationId, memberId, instanceId, topics);
}
