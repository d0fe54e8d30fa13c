/** Keeps messages at hand: fetches from every broker that leads some of our partitions, one fetch
 *  each at a time, ahead of the handler by a bounded number of messages. */
import { findErrorBy } from "@platformatic/kafka";
import { type KafkaEvents, whyOf } from "./connection.ts";
import type { GroupMember } from "./group-member.ts";
import { type OwnedPartition, type OwnedPartitions, ownedPartitions } from "./owned-partitions.ts";
import { backOffMs, pause } from "./wake-up.ts";

export interface PartitionFetcher {
  readonly owned: OwnedPartitions;
  /** Drops the partitions that were lost: all of them, if the group had forgotten us. */
  changed(forgotten: boolean): void;
  /** Begins the partitions that were won. */
  follow(): Promise<void>;
  /** Starts the fetches that are due. */
  start(): void;
  /** Why the last fetch failed, or null if it did not. */
  failure(): string | null;
}

export interface PartitionFetcherOptions {
  readonly member: GroupMember;
  readonly events: KafkaEvents;
  readonly group: string;
  /** No fetch is begun while as many messages wait. */
  readonly aheadMax: number;
  readonly signal: AbortSignal;
  /** Called after each fetch. */
  readonly fetched: () => void;
  /** Called with what trying again does not mend. */
  readonly fail: (reason: unknown) => void;
}

const retryAfterMs = { first: 100, most: 1_000 };
const nothing: ReadonlySet<number> = new Set();

export function partitionFetcher(options: PartitionFetcherOptions): PartitionFetcher {
  const { member, events, group } = options;
  const owned = ownedPartitions();
  const busy = new Set<number>();
  let changes = 0;
  let failures = 0;
  let lastFailure: string | null = null;

  function changed(forgotten: boolean): void {
    changes += 1;
    const assigned = member.assigned();
    const before = owned.all.size;
    owned.keep(forgotten ? nothing : assigned);
    const won = [...assigned].some((partition) => !owned.all.has(partition));
    if (won || owned.all.size < before) events.assigned([...assigned]);
  }

  /** A position that was asked for before the last change may be somebody else's by now. */
  async function follow(): Promise<void> {
    for (let seen = -1; seen !== changes; ) {
      seen = changes;
      const won = [...member.assigned()].filter((partition) => !owned.all.has(partition));
      if (won.length === 0) return;
      const positions = await member.positions(won);
      if (seen !== changes) continue;
      for (const [partition, offset] of positions) owned.add(partition, offset);
    }
  }

  /** A fetch waits until some partition has a message, so it covers all of a broker's: one that was
   * left out because enough of it is there would wait for the others. */
  function start(): void {
    if (owned.waiting() >= options.aheadMax || owned.all.size === 0) return;
    member.byLeader(owned.all.values()).then((byLeader) => {
      for (const [leader, partitions] of byLeader) void fetchFrom(leader, partitions);
    }, options.fail);
  }

  async function fetchFrom(leader: number, partitions: readonly OwnedPartition[]): Promise<void> {
    if (busy.has(leader)) return;
    busy.add(leader);
    try {
      const fetched = await member.fetch(leader, partitions);
      for (const partition of partitions) {
        const brought = fetched.get(partition.partition);
        if (brought !== undefined) owned.fill(partition, brought.messages, brought.next);
      }
      if (failures > 0) events.reconnected("consumer");
      failures = 0;
      lastFailure = null;
    } catch (reason) {
      await failed(reason);
    } finally {
      busy.delete(leader);
      options.fetched();
    }
  }

  /** The membership may well have survived, so only the fetch is tried again. */
  async function failed(reason: unknown): Promise<void> {
    if (options.signal.aborted) return;
    if (isOutOfRange(reason)) return options.fail(reason);
    failures += 1;
    lastFailure = whyOf(reason);
    if (failures === 1) events.trouble(`group ${group} cannot fetch; trying again`, reason);
    await pause(backOffMs(retryAfterMs, failures), options.signal);
  }

  return { owned, changed, follow, start, failure: () => lastFailure };
}

/** The log does not have the offset: it was removed before it was consumed, or never written. */
export function isOutOfRange(reason: unknown): boolean {
  return reason instanceof Error && findErrorBy(reason, "apiId", "OFFSET_OUT_OF_RANGE") !== null;
}
