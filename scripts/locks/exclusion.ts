// Mutual exclusion under faults: groups of processes, each at a counter of its own, whose holders
// are paused for longer than their lease lives, killed, or cut off from etcd, while etcd itself is
// restarted now and then.

import { join } from "node:path";
import type { OwnEtcd } from "../support/own-etcd.ts";
import { type TcpProxy, tcpProxy } from "../support/tcp-proxy.ts";
import { openCounter } from "./counter.ts";
import { comesTrue, startWorker, type Worker } from "./workers.ts";

export interface ExclusionPlan {
  readonly etcd: OwnEtcd;
  readonly directory: string;
  readonly rounds: number;
  readonly fenced: boolean;
  readonly random: () => number;
}

export interface ExclusionReport {
  readonly rounds: Readonly<Record<string, number>>;
  /** Updates that a worker told of. */
  readonly acknowledged: number;
  /** Where the counters stand. */
  readonly counted: number;
  /** Writes of holders that others had followed. */
  readonly refused: number;
  /** Updates that were acknowledged and are not there. */
  readonly lost: number;
  /** Killed workers, each of which may have made one update more than it told of. */
  readonly killed: number;
}

const ttlSeconds = 2;
const groups = 5;
const perGroup = 3;
const etcdRestartEveryMs = 15_000;
const faults = ["paused", "killed", "cut off"] as const;

interface Seat {
  worker: Worker;
  readonly proxy: TcpProxy;
  readonly start: () => Worker;
}

export async function runExclusion(plan: ExclusionPlan): Promise<ExclusionReport> {
  const tally = new Map<string, number>();
  const add = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1);
  const ended = new AbortController();
  const restarts = restartEtcd(plan.etcd, ended.signal, () => add("etcd restarted"));
  const each = Math.ceil(plan.rounds / groups);
  const reports = await Promise.all(
    Array.from({ length: groups }, (_, group) => runGroup(plan, group, each, add)),
  );
  ended.abort();
  await restarts;
  const sum = (of: (report: GroupReport) => number) => reports.reduce((n, one) => n + of(one), 0);
  return {
    rounds: Object.fromEntries(tally),
    acknowledged: sum((one) => one.acknowledged),
    counted: sum((one) => one.counted),
    refused: sum((one) => one.refused),
    lost: sum((one) => Math.max(0, one.acknowledged - one.counted)),
    killed: sum((one) => one.killed),
  };
}

async function restartEtcd(etcd: OwnEtcd, signal: AbortSignal, done: () => void) {
  while (!(await comesTrue(() => signal.aborted, etcdRestartEveryMs))) {
    await etcd.kill();
    await etcd.start();
    done();
  }
}

interface GroupReport {
  readonly acknowledged: number;
  readonly counted: number;
  readonly refused: number;
  readonly killed: number;
}

async function runGroup(
  plan: ExclusionPlan,
  group: number,
  rounds: number,
  add: (fault: string) => void,
): Promise<GroupReport> {
  const counter = join(plan.directory, `counter-${group}.db`);
  const reader = openCounter(counter, true);
  const seats = await Promise.all(
    Array.from({ length: perGroup }, (_, at) => takeSeat(plan, group, at, counter)),
  );
  const former: Worker[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = reader.value();
    // Something must go on first, so that the fault meets a holder at work.
    await comesTrue(() => reader.value() > before, 20_000);
    const fault = faults[round % faults.length] ?? "paused";
    const seat = holderOf(seats);
    if (fault === "paused") await pause(seat, plan.random);
    else if (fault === "cut off") await cutOff(seat, plan.random);
    else {
      await seat.worker.kill();
      former.push(seat.worker);
      seat.worker = seat.start();
    }
    add(fault);
  }
  const all = [...former, ...seats.map(({ worker }) => worker)];
  await Promise.all(seats.map(({ worker }) => worker.kill()));
  for (const { proxy } of seats) proxy.close();
  const counted = reader.value();
  reader.close();
  const sum = (word: string) => all.reduce((n, worker) => n + worker.count(word), 0);
  return { acknowledged: sum("added"), counted, refused: sum("refused"), killed: all.length };
}

async function takeSeat(
  { etcd, directory, fenced }: ExclusionPlan,
  group: number,
  at: number,
  counter: string,
): Promise<Seat> {
  const proxy = await tcpProxy(etcd.port);
  const log = join(directory, `log-${group}-${at}`);
  const place = { etcd: `http://127.0.0.1:${proxy.port}`, prefix: `locks/${group}/`, ttlSeconds };
  const start = () =>
    startWorker({ ...place, log, lock: "counter", what: "count", counter, fenced });
  return { worker: start(), proxy, start };
}

/** Who told last that it holds the lock; a guess is enough. */
function holderOf(seats: readonly Seat[]): Seat {
  const byTurns = seats.toSorted((a, b) => lastTurn(b) - lastTurn(a));
  return byTurns[0] as Seat;
}

function lastTurn({ worker }: Seat): number {
  return worker.words.at(-1) === "holding" || worker.words.at(-1) === "added" ? Math.random() : -1;
}

async function pause({ worker }: Seat, random: () => number): Promise<void> {
  worker.signal("SIGSTOP");
  await Bun.sleep(ttlSeconds * 1_000 + 500 + random() * 1_000);
  worker.signal("SIGCONT");
}

async function cutOff({ proxy }: Seat, random: () => number): Promise<void> {
  proxy.behave(random() < 0.5 ? "silent" : "refusing");
  await Bun.sleep(ttlSeconds * 1_000 + 500 + random() * 1_000);
  proxy.behave("open");
}
