// What a holder finds after it was killed: within its lease's life the same lock under the same
// token, later a higher one; and after a kill between any two steps, no lock that stays stuck.

import { join } from "node:path";
import type { LockStep } from "../../src/adapters/etcd/lock-step.ts";
import { openCounter } from "./counter.ts";
import type { Work } from "./worker.ts";
import { comesTrue, startWorker, type Worker } from "./workers.ts";

export interface RestartReport {
  readonly times: number;
  /** Restarts within the lease's life that had the same token, marked as resumed. */
  readonly resumed: number;
  readonly slowestResumeMs: number;
  /** Later restarts that had a higher token. */
  readonly renewed: number;
  /** Writes under the old token that were refused after that. */
  readonly refused: number;
}

export interface StepsReport {
  readonly kills: number;
  /** From the kill until somebody else had the lock. */
  readonly slowestMs: number;
  /** Kills after which nobody had it within the lease's life and a second. */
  readonly stuck: number;
}

const ttlSeconds = 3;
const afterTtlMs = ttlSeconds * 1_000 + 1_500;

export async function runRestarts(
  etcd: string,
  directory: string,
  times: number,
): Promise<RestartReport> {
  const counter = openCounter(join(directory, "restarts.db"), true);
  let [resumed, renewed, refused, slowest] = [0, 0, 0, 0];
  for (let time = 0; time < times; time += 1) {
    const lock = `restart-${time}`;
    const work = workOn(etcd, join(directory, lock), lock);
    const first = await heldBy(startWorker(work));
    await first.worker.kill();
    const startedAt = performance.now();
    const second = await heldBy(startWorker(work));
    if (second.token === first.token && second.resumed) resumed += 1;
    slowest = Math.max(slowest, performance.now() - startedAt);
    await second.worker.kill();
    await Bun.sleep(afterTtlMs);
    const third = await heldBy(startWorker(work));
    if (third.token > first.token && !third.resumed) renewed += 1;
    counter.write(counter.value() + 1, third.token);
    if (!counter.write(counter.value() + 1, first.token)) refused += 1;
    await third.worker.kill();
  }
  counter.close();
  return { times, resumed, slowestResumeMs: slowest, renewed, refused };
}

const steps: readonly LockStep[] = ["granted", "queued", "first", "logged", "deleted", "freed"];

/** Another process waits for the lock all the time; the killed one is started again, too. */
export async function runSteps(
  etcd: string,
  directory: string,
  times: number,
): Promise<StepsReport> {
  let [kills, stuck, slowest] = [0, 0, 0];
  for (let time = 0; time < times; time += 1) {
    for (const dieAfter of steps) {
      const lock = `step-${dieAfter}-${time}`;
      const dying = startWorker({ ...workOn(etcd, join(directory, lock), lock), dieAfter });
      await comesTrue(() => !isRunning(dying.pid), 20_000);
      const from = performance.now();
      const other = startWorker(workOn(etcd, join(directory, `${lock}-other`), lock));
      const got = await comesTrue(() => other.words.length > 0, afterTtlMs);
      slowest = Math.max(slowest, performance.now() - from);
      kills += 1;
      if (!got) stuck += 1;
      await other.kill();
    }
  }
  return { kills, slowestMs: slowest, stuck };
}

function workOn(etcd: string, log: string, lock: string): Work {
  return { etcd, prefix: "locks/restart/", ttlSeconds, log, lock, what: "hold" };
}

async function heldBy(worker: Worker) {
  const told = await comesTrue(() => worker.words.length > 0, 20_000);
  if (!told) throw new Error("a worker did not get its lock");
  const [, token, resumed] = (worker.words[0] ?? "").split(" ");
  return { worker, token: Number(token), resumed: resumed === "true" };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
