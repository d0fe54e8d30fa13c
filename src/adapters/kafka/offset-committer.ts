/** Commits a group's positions: one commit in flight, what is handled meanwhile is in the next. */
import { present } from "../../lib/assert.ts";
import type { Position } from "./group-member.ts";
import type { Batch, OwnedPartition } from "./owned-partitions.ts";
import { backOffMs, pause } from "./wake-up.ts";

export interface OffsetCommitter {
  /** The messages were handled; each partition's in its order. */
  handled(batch: Batch): void;
  /** Waits until every position is committed, or the time is up; then commits nothing more. */
  close(withinMs: number): Promise<void>;
}

const retryAfterMs = { first: 50, most: 1_000 };

export interface OffsetCommitterOptions {
  readonly commit: (positions: ReadonlyMap<OwnedPartition, Position>) => Promise<void>;
  /** Whether a partition is still ours. If not, its position is somebody else's business. */
  readonly owns: (owned: OwnedPartition) => boolean;
  readonly trouble: (reason: unknown) => void;
}

export function offsetCommitter(options: OffsetCommitterOptions): OffsetCommitter {
  let pending = new Map<OwnedPartition, Position>();
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const closed = new AbortController();

  function handled({ messages, of }: Batch): void {
    for (const { partition, offset, producedAt } of messages) {
      const owned = present(of.get(partition), "a batch knows its partitions");
      pending.set(owned, { offset: offset + 1, producedAt });
    }
    if (!busy) running = run();
  }

  async function run(): Promise<void> {
    busy = true;
    for (let failures = 0; pending.size > 0 && !closed.signal.aborted; ) {
      failures = (await commitPending(failures)) ? 0 : failures + 1;
      if (failures > 0) await pause(backOffMs(retryAfterMs, failures), closed.signal);
    }
    busy = false;
  }

  async function commitPending(failures: number): Promise<boolean> {
    const positions = new Map([...pending].filter(([owned]) => options.owns(owned)));
    pending = new Map();
    if (positions.size === 0) return true;
    try {
      await options.commit(positions);
      return true;
    } catch (reason) {
      if (failures === 0) options.trouble(reason);
      pending = new Map([...positions, ...pending]);
      return false;
    }
  }

  async function close(withinMs: number): Promise<void> {
    const finished = new AbortController();
    await Promise.race([running, pause(withinMs, finished.signal)]);
    finished.abort();
    closed.abort();
  }

  return { handled, close };
}
