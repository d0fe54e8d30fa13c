/** The log of locks on a disk that outlives its process: a record is durable a moment after it was
 *  written, and what was freed may be forgotten by a crash. */
import type { HeldRecord, LockWal } from "../../../src/adapters/etcd/lock-wal.ts";
import type { Life } from "../engine/host.ts";
import type { Scheduler } from "../engine/scheduler.ts";

export interface LockDisk {
  /** What a process finds and writes in one life. */
  open(life: Life): LockWal;
  /** A new disk. */
  lose(): void;
}

const fsyncMs = 2;

export function lockDisk(name: string, time: Scheduler): LockDisk {
  let disks = 1;
  let durable = new Map<string, HeldRecord>();

  function open(life: Life): LockWal {
    const disk = durable;
    const held = new Map(disk);
    return {
      instance: `${name}-${disks}`,
      held: () => [...held.values()],
      hold: (record) => {
        held.set(record.key, record);
        return new Promise((resolve) => {
          time.after(fsyncMs, () => {
            // Written before the crash or not: the fsync was under way.
            if (life.alive() || life.host.chance.chance(0.5)) disk.set(record.key, record);
            life.deliver(resolve);
          });
        });
      },
      free: (key) => {
        held.delete(key);
        time.after(fsyncMs, () => {
          if (life.alive()) disk.delete(key);
        });
      },
      close: () => undefined,
    };
  }

  return {
    open,
    lose: () => {
      disks += 1;
      durable = new Map();
    },
  };
}
