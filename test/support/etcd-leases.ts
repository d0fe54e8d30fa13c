/** Leases on one etcd, each as a process would have it, with a log of its own. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type EtcdLease, type EtcdLeaseOptions, etcdLease } from "../../src/adapters/etcd/lease.ts";
import { openLockWal } from "../../src/adapters/etcd/lock-wal.ts";
import { tempDir } from "./temp-dir.ts";

export interface EtcdLeases {
  /** A process with a fresh log, or the next one on the log of an earlier. */
  open(log?: string, over?: Partial<EtcdLeaseOptions>): EtcdLease;
  /** What a process of its own needs to use such a log. */
  places(log: string): { readonly path: string; readonly prefix: string };
  close(): Promise<void>;
}

export function etcdLeases(url: string, ttlSeconds = 3): EtcdLeases {
  const path = tempDir();
  const prefix = `doorbuster-test-${crypto.randomUUID()}/`;
  const opened: EtcdLease[] = [];

  function open(log: string = crypto.randomUUID(), over: Partial<EtcdLeaseOptions> = {}) {
    const wal = over.wal ?? openLockWal(join(path, log));
    const lease = etcdLease({ hosts: [url], prefix, ttlSeconds, generation: 0, ...over, wal });
    opened.push(lease);
    return lease;
  }

  async function close(): Promise<void> {
    await Promise.all(opened.map((lease) => lease.close()));
    rmSync(path, { recursive: true, force: true });
  }

  return { open, places: (log) => ({ path: join(path, log), prefix }), close };
}
