/** The locks of one process, with its log of them in the data directory: a directory for each
 *  process that runs on the machine, taken again by whoever comes after it with the same roles. */
import { hostname } from "node:os";
import { join } from "node:path";
import { type EtcdLease, etcdLease } from "../adapters/etcd/lease.ts";
import { type LockWal, openLockWal, WalInUse } from "../adapters/etcd/lock-wal.ts";
import type { Config } from "../config/validate.ts";

export interface Locks {
  readonly lease: EtcdLease;
  /** Names the process among others; the same after a restart. */
  readonly instance: string;
}

const processesMax = 256;

export function openLocks({ etcd, dataDir, roles }: Config): Locks {
  const wal = ownWal(join(dataDir, "locks"), roles.join("-"));
  const instance = `${hostname().replace(/[^A-Za-z0-9._-]/g, "-")}-${wal.instance.slice(0, 8)}`;
  return { lease: etcdLease({ ...etcd, wal }), instance };
}

function ownWal(directory: string, roles: string): LockWal {
  for (let slot = 0; ; slot += 1) {
    try {
      return openLockWal(join(directory, `${roles}-${slot}`));
    } catch (reason) {
      if (!(reason instanceof WalInUse) || slot === processesMax) throw reason;
    }
  }
}
