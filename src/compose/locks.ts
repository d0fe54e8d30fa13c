/** The locks of one process, with its log of them in the data directory: a directory for each
 *  process that runs on the machine, taken again by whoever comes after it with the same roles. */
import { hostname } from "node:os";
import { join } from "node:path";
import { type EtcdLease, etcdLease } from "../adapters/etcd/lease.ts";
import { type LockWal, openLockWal, WalInUse } from "../adapters/etcd/lock-wal.ts";
import type { Config } from "../config/validate.ts";
import { messageOf } from "../lib/finding.ts";
import type { Lease } from "../ports/lease.ts";
import { ServiceUnavailable } from "../ports/service-unavailable.ts";
import { StartupError } from "./startup-error.ts";

export interface Locks {
  readonly lease: Lease;
  /** Names the process among others; the same after a restart. */
  readonly instance: string;
}

const processesMax = 256;

/** A process that only places orders takes no locks, and needs no directory for them. */
export function openLocks(config: Config): Locks {
  const { etcd, dataDir, roles } = config;
  if (roles.every((role) => role === "orders")) return { lease: noLocks, instance: "" };
  const wal = ownWal(join(dataDir, "locks"), roles.join("-"));
  const instance = `${hostname().replace(/[^A-Za-z0-9._-]/g, "-")}-${wal.instance.slice(0, 8)}`;
  const lease: EtcdLease = etcdLease({ ...etcd, wal });
  return { lease, instance };
}

function ownWal(directory: string, roles: string): LockWal {
  for (let slot = 0; ; slot += 1) {
    const path = join(directory, `${roles}-${slot}`);
    try {
      return openLockWal(path);
    } catch (reason) {
      if (!(reason instanceof WalInUse) || slot === processesMax) throw unusable(path, reason);
    }
  }
}

function unusable(path: string, reason: unknown): StartupError {
  const message = `the log of locks in ${path} cannot be opened: ${messageOf(reason)}`;
  const help = "make it a directory that this user can write, or choose another with --data DIR";
  return new StartupError("data-dir-unusable", message, help);
}

const none = () => Promise.reject(new ServiceUnavailable("this process takes no locks"));
const noLocks: Lease = {
  acquire: none,
  list: none,
  failure: () => null,
  close: async () => undefined,
};
