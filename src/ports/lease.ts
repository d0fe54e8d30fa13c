/** Fair locks that end by themselves when their holder dies. A lock alone protects nothing: its
 * holder may be paused for longer than the lock lives, and go on. So every holder gets a token that
 * is higher than those of all holders before, and what the lock protects remembers the highest it
 * has seen and refuses a lower one (Kleppmann, "How to do distributed locking", 2016). */
import type { LockToken } from "../domain/ids.ts";
import type { Result } from "../lib/result.ts";

export interface Held {
  readonly name: string;
  /** Higher than that of every holder of this lock before. */
  readonly token: LockToken;
  /** Whether it was held before a restart of this process, under the same token. */
  readonly resumed: boolean;
  /** Aborted when the lock can be somebody else's. A timer does that, so after a pause of the
   * process it may come late: ask `valid` before acting. Never aborted by `release`. */
  readonly lost: AbortSignal;
  /** False from the moment the lock can be somebody else's, by this process's own monotonic clock,
   * and once it was released. */
  valid(): boolean;
  /** Gives it to the next in the queue at once. Deletes only what is ours; never throws: what
   * cannot be deleted ends with its lease. Idempotent. */
  release(): Promise<void>;
}

export interface AcquireOptions {
  /** What the lock is about, for operators: a product id. */
  readonly about?: string;
  /** How long to queue; for ever if left out. */
  readonly timeoutMs?: number;
  /** Aborting it leaves the queue. */
  readonly signal?: AbortSignal;
}

/** One lock as it is now, in the order of the queue: the first holds it. */
export interface LockQueue {
  readonly name: string;
  readonly queue: readonly LockEntry[];
}

export interface LockEntry {
  readonly token: LockToken;
  /** Names the process. */
  readonly holder: string;
  /** The lease, as its service's own tools print it. */
  readonly leaseId: string;
  readonly uuid: string;
  readonly about: string;
}

export interface Lease {
  /** Queues for a lock: first come, first served. A name is `[A-Za-z0-9._-]+` with `/` between
   * parts. Two calls for one name queue behind each other, in one process too. Throws
   * `ServiceUnavailable` if the service cannot be reached; nothing of ours is in the queue then, or
   * ends with its lease. */
  acquire(name: string, options?: AcquireOptions): Promise<Result<Held, "timeout" | "cancelled">>;
  /** The locks whose name begins so. */
  list(prefix: string): Promise<readonly LockQueue[]>;
  /** Why locks cannot be had just now, or null. */
  failure(): string | null;
  /** Releases everything. */
  close(): Promise<void>;
}
