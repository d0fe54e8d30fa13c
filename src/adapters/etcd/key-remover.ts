/** Deletes our keys, now or as soon as etcd answers: a key under a lease that lives would stand in
 *  its queue for ever. */
import type { Clock } from "../../ports/clock.ts";
import { base64, type EtcdClient } from "./client.ts";
import type { LockStep } from "./lock-step.ts";
import type { LockWal } from "./lock-wal.ts";
import type { Session } from "./session.ts";

export interface KeyRemover {
  /** Deletes a key if it carries the session's lease. Resolves after the first attempt; further
   * ones are made until the key is gone, or goes with its lease. Never throws. */
  discard(session: Session, key: string): Promise<void>;
}

interface KeyRemoverOptions {
  readonly client: EtcdClient;
  readonly wal: LockWal;
  readonly clock: Pick<Clock, "after">;
  readonly step: (step: LockStep) => void;
}

const retryMs = 250;

export function keyRemover({ client, wal, clock, step }: KeyRemoverOptions): KeyRemover {
  async function discard(under: Session, key: string): Promise<void> {
    if (!(await deleted(under, key))) void keepDeleting(under, key);
  }

  async function keepDeleting(under: Session, key: string): Promise<void> {
    do await new Promise<void>((resolve) => void clock.after(retryMs, resolve));
    while (!(await deleted(under, key)));
  }

  async function deleted({ number, valid }: Session, key: string): Promise<boolean> {
    const at = base64(key);
    const compare = [{ target: "LEASE", result: "EQUAL", key: at, lease: number }];
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
