/** Deletes our keys, now or as soon as etcd answers: a key under a lease that lives would stand in
 *  its queue for ever. */
import type { Clock } from "../../ports/clock.ts";
import { base64, type EtcdClient } from "./client.ts";
import type { LockStep } from "./lock-step.ts";
import type { LockWal } from "./lock-wal.ts";
import type { Session } from "./session.ts";

export interface KeyRemover {
  /** Deletes a key if it carries the session's lease, and was not written since the revision.
   * Resolves after the first attempt; further ones are made until the key is gone, or goes with its
   * lease. Never throws. */
  discard(session: Session, key: string, revision?: string): Promise<void>;
}

interface KeyRemoverOptions {
  readonly client: EtcdClient;
  readonly wal: LockWal;
  readonly clock: Pick<Clock, "after">;
  readonly step: (step: LockStep) => void;
}

const retryMs = 250;

export function keyRemover({ client, wal, clock, step }: KeyRemoverOptions): KeyRemover {
  async function discard(under: Session, key: string, revision?: string): Promise<void> {
    if (!(await deleted(under, key, revision))) void keepDeleting(under, key, revision);
  }

  async function keepDeleting(under: Session, key: string, revision?: string): Promise<void> {
    do await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
    while (!(await deleted(under, key, revision)));
  }

  async function deleted({ number, valid }: Session, key: string, revision?: string) {
    const at = base64(key);
    const equal = { result: "EQUAL", key: at };
    const ours = { target: "LEASE", lease: number, ...equal };
    const unchanged = { target: "MOD", mod_revision: revision, ...equal };
    const compare = revision === undefined ? [ours] : [ours, unchanged];
    const success = [{ request_delete_range: { key: at } }];
    try {
      if (valid()) await client.call("/v3/kv/txn", { compare, success });
    } catch {
      return false;
    }
    step("deleted");
    wal.free(key);
    step("freed");
    return true;
  }

  return { discard };
}
