// No herd: many wait for one lock, each as a process of its own would; whenever it is released, one
// of them hears of it, and it is the one who came next.

import { join } from "node:path";
import { type EtcdLease, etcdLease } from "../../src/adapters/etcd/lease.ts";
import { openLockWal } from "../../src/adapters/etcd/lock-wal.ts";
import type { Held } from "../../src/ports/lease.ts";
import { comesTrue } from "./workers.ts";

export interface HerdReport {
  readonly waiters: number;
  readonly releases: number;
  /** Most delete events that one release brought to all waiters together. */
  readonly eventsPerRelease: number;
  readonly inOrder: boolean;
}

const ttlSeconds = 30;
const settleMs = 60;

export async function runHerd(
  etcd: string,
  directory: string,
  waiters: number,
): Promise<HerdReport> {
  const leases = Array.from({ length: waiters }, (_, at) => {
    const wal = openLockWal(join(directory, `herd-${at}`));
    return etcdLease({ hosts: [etcd], prefix: "locks/herd/", ttlSeconds, generation: 0, wal });
  });
  try {
    return await play(leases);
  } finally {
    await Promise.all(leases.map((lease) => lease.close()));
  }
}

async function play(leases: readonly EtcdLease[]): Promise<HerdReport> {
  const order: number[] = [];
  const held: Held[] = [];
  const [first] = leases as [EtcdLease];
  for (const [at, lease] of leases.entries()) {
    void lease.acquire("one").then((got) => {
      order.push(at);
      if (got.ok) held.push(got.value);
    });
    const queued = async () => ((await first.list("one"))[0]?.queue.length ?? 0) === at + 1;
    if (!(await comesTrue(queued, 10_000))) throw new Error(`waiter ${at} is not in the queue`);
  }
  let most = 0;
  for (let turn = 1; turn < leases.length; turn += 1) {
    await Bun.sleep(settleMs);
    const before = eventsOf(leases);
    await held.at(-1)?.release();
    if (!(await comesTrue(() => held.length > turn, 10_000))) throw new Error("nobody was woken");
    await Bun.sleep(settleMs);
    most = Math.max(most, eventsOf(leases) - before);
  }
  const inOrder = order.every((at, place) => at === place) && order.length === leases.length;
  const releases = leases.length - 1;
  return { waiters: leases.length, releases, eventsPerRelease: most, inOrder };
}

function eventsOf(leases: readonly EtcdLease[]): number {
  return leases.reduce((sum, lease) => sum + lease.events(), 0);
}
