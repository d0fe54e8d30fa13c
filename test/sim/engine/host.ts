/** A process that can be killed, started again, and paused, at any moment between two happenings.
 *  What it hears of the world reaches one life of it only. */
import { instant } from "../../../src/domain/ids.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface Life {
  readonly host: Host;
  readonly clock: Clock;
  alive(): boolean;
  /** Runs now, or once the process goes on after a pause; never if this life has ended. */
  deliver(run: () => void): void;
}

export interface Host {
  readonly name: string;
  readonly chance: Random;
  /** Begins a life; the one before must have ended. */
  start(): Life;
  kill(): void;
  pause(): void;
  resume(): void;
  alive(): boolean;
  /** Moves its wall clock. */
  stepClock(ms: number): void;
}

/** When runs begin: 2027-01-15. */
export const beginMs = 1_800_000_000_000;
/** How much faster or slower than true time a process may count. */
const driftMax = 0.01;
const skewMaxMs = 400;

export function host(name: string, time: Scheduler, chance: Random): Host {
  const rate = 1 + (chance.next() * 2 - 1) * driftMax;
  let skewMs = (chance.next() * 2 - 1) * skewMaxMs;
  let current: object | null = null;
  let held: (() => void)[] | null = null;

  const clock = (deliver: Life["deliver"]): Clock => ({
    now: () => instant(Math.floor(beginMs + time.now() + skewMs)),
    elapsed: () => time.now() * rate,
    after: (delayMs, task) => time.after(delayMs / rate, () => deliver(task)),
    soon: (task) => void time.after(0, () => deliver(task)),
  });

  const self: Host = {
    name,
    chance,
    start: () => {
      const life = {};
      current = life;
      held = null;
      const alive = () => current === life;
      const deliver = (run: () => void) => {
        if (!alive()) return;
        if (held === null) run();
        else held.push(() => alive() && run());
      };
      return { host: self, clock: clock(deliver), alive, deliver };
    },
    kill: () => {
      current = null;
      held = null;
    },
    pause: () => {
      held ??= [];
    },
    resume: () => {
      const waiting = held ?? [];
      held = null;
      // As when a process goes on: what came meanwhile is handled in its order, first of all.
      for (const run of waiting) time.after(0, run);
    },
    alive: () => current !== null,
    stepClock: (ms) => {
      skewMs += ms;
    },
  };
  return self;
}
