/** The partitions that are ours at the moment, what was fetched of each and not handled yet, and
 * where the next fetch begins. Pure: no clock, no network. */
import { present } from "../../lib/assert.ts";
import type { OrderMessage } from "./order-message.ts";

export interface OwnedPartition {
  readonly partition: number;
  /** Offset of the next message to fetch. */
  next: number;
  readonly fetched: OrderMessage[];
}

/** Messages, and the partitions that they are of. */
export interface Batch {
  readonly messages: readonly OrderMessage[];
  readonly of: ReadonlyMap<number, OwnedPartition>;
}

export interface OwnedPartitions {
  readonly all: ReadonlyMap<number, OwnedPartition>;
  /** Whether it was ours all the time since: one that was lost and came back is another one, since
   * somebody else may have been at it. */
  has(owned: OwnedPartition): boolean;
  /** Begins a partition at an offset. */
  add(partition: number, offset: number): void;
  /** Forgets those that are not among these, with what was fetched of them. */
  keep(partitions: ReadonlySet<number>): void;
  /** What a fetch brought. Ignored if the partition was lost meanwhile, even if it came back. */
  fill(to: OwnedPartition, messages: readonly OrderMessage[], next: number): void;
  /** Up to `max` messages, the oldest first, each partition in its order. */
  take(max: number): Batch;
  /** The batch without messages of partitions that were lost since. */
  left(batch: Batch): Batch;
  /** Messages fetched and not taken. */
  waiting(): number;
}

export function ownedPartitions(): OwnedPartitions {
  const all = new Map<number, OwnedPartition>();
  let waiting = 0;

  function add(partition: number, offset: number): void {
    all.set(partition, { partition, next: offset, fetched: [] });
  }

  function keep(partitions: ReadonlySet<number>): void {
    for (const [partition, { fetched }] of all) {
      if (partitions.has(partition)) continue;
      waiting -= fetched.length;
      all.delete(partition);
    }
  }

  const has = (owned: OwnedPartition) => all.get(owned.partition) === owned;

  function fill(to: OwnedPartition, messages: readonly OrderMessage[], next: number): void {
    if (!has(to)) return;
    to.fetched.push(...messages);
    to.next = next;
    waiting += messages.length;
  }

  function take(max: number): Batch {
    const queues = [...all.values()]
      .filter(({ fetched }) => fetched.length > 0)
      .map(({ fetched }) => ({ fetched, at: 0 }));
    const messages: OrderMessage[] = [];
    while (messages.length < max) {
      const oldest = oldestOf(queues);
      if (oldest === null) break;
      messages.push(present(oldest.fetched[oldest.at], "a queue that was chosen has a message"));
      oldest.at += 1;
    }
    for (const { fetched, at } of queues) fetched.splice(0, at);
    waiting -= messages.length;
    return { messages, of: new Map(all) };
  }

  function left(batch: Batch): Batch {
    const of = new Map([...batch.of].filter(([, owned]) => has(owned)));
    if (of.size === batch.of.size) return batch;
    return { messages: batch.messages.filter(({ partition }) => of.has(partition)), of };
  }

  return { all, has, add, keep, fill, take, left, waiting: () => waiting };
}

interface Queue {
  readonly fetched: readonly OrderMessage[];
  at: number;
}

function oldestOf(queues: readonly Queue[]): Queue | null {
  let oldest: Queue | null = null;
  let oldestTime = Number.POSITIVE_INFINITY;
  for (const queue of queues) {
    const time = queue.fetched[queue.at]?.producedAt ?? Number.POSITIVE_INFINITY;
    if (time >= oldestTime) continue;
    oldest = queue;
    oldestTime = time;
  }
  return oldest;
}
