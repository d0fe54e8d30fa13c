// One process that takes a lock again and again, as its argument says in JSON, and tells on stdout
// what it does, a word a line.

import { writeSync } from "node:fs";
import { etcdLease } from "../../src/adapters/etcd/lease.ts";
import { openLockWal } from "../../src/adapters/etcd/lock-wal.ts";
import type { Held } from "../../src/ports/lease.ts";
import { openCounter } from "./counter.ts";

export interface Work {
  readonly etcd: string;
  readonly prefix: string;
  readonly ttlSeconds: number;
  readonly log: string;
  readonly lock: string;
  /** `count`: add to the counter, for ever. `hold`: take the lock and keep it. */
  readonly what: "count" | "hold";
  readonly counter?: string;
  readonly fenced?: boolean;
  /** Dies, without a chance to clean up, after this step. */
  readonly dieAfter?: string;
}

const updatesPerTurn = 5;
const thinkMs = 20;

const work = JSON.parse(process.argv[2] ?? "{}") as Work;
const lease = etcdLease({
  hosts: [work.etcd],
  prefix: work.prefix,
  ttlSeconds: work.ttlSeconds,
  generation: 0,
  wal: openLockWal(work.log),
  onStep: (step) => {
    if (step === work.dieAfter) process.kill(process.pid, "SIGKILL");
  },
});

if (work.what === "hold") await hold();
else await count();

async function hold(): Promise<void> {
  const held = await acquired();
  tell(`held ${held.token} ${held.resumed}`);
  if (work.dieAfter === "deleted" || work.dieAfter === "freed") await held.release();
  await new Promise(() => undefined);
}

async function count(): Promise<void> {
  const counter = openCounter(work.counter ?? "", work.fenced ?? true);
  for (;;) {
    const held = await acquired();
    tell("holding");
    for (let n = 0; n < updatesPerTurn && held.valid(); n += 1) {
      const value = counter.read(held.token);
      if (value === null) {
        tell("refused");
        break;
      }
      await Bun.sleep(Math.random() * thinkMs);
      // Whether the lock is still held is not asked again here: between asking and writing a
      // process may be paused, and only the fence helps then.
      tell(counter.write(value + 1, held.token) ? "added" : "refused");
    }
    await held.release();
  }
}

async function acquired(): Promise<Held> {
  for (;;) {
    try {
      const got = await lease.acquire(work.lock);
      if (got.ok) return got.value;
    } catch {
      await Bun.sleep(100);
    }
  }
}

/** Written at once: what is told is what counts. */
function tell(word: string): void {
  writeSync(1, `${word}\n`);
}
