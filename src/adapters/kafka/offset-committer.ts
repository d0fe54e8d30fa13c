/** Commits a group's positions: one commit in flight, what is handled meanwhile is in the next. */
import type { Position } from "./group-member.ts";
import type { OrderMessage } from "./order-message.ts";
import { backOffMs, pause } from "./wake-up.ts";

export interface OffsetCommitter {
  /** The messages were handled; each partition's in its order. */
  handled(batch: readonly OrderMessage[]): void;
  /** Waits until every position is committed, or the time is up; then commits nothing more. */
  close(withinMs: number): Promise<void>;
}

const retryAfterMs = { first: 50, most: 1_000 };

export function offsetCommitter(
  commit: (positions: ReadonlyMap<number, Position>) => Promise<void>,
  trouble: (reason: unknown) => void,
): OffsetCommitter {
  let pending = new Map<number, Position>();
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const closed = new AbortController();

  function handled(batch: readonly OrderMessage[]): void {
    for (const { partition, offset, producedAt } of batch) {
      pending.set(partition, { offset: offset + 1, producedAt });
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
    const positions = pending;
    pending = new Map();
    try {
      await commit(positions);
      return true;
    } catch (reason) {
      if (failures === 0) trouble(reason);
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
