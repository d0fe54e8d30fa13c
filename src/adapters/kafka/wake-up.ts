/** Waiting: for something to happen, or for a time, whichever a caller asks for. */
import { setTimeout as sleep } from "node:timers/promises";

export interface WakeUp {
  /** Wakes who waits, or who waits next. */
  now(): void;
  /** Resolves when `now` was called since the last time. */
  next(): Promise<void>;
}

export function wakeUp(): WakeUp {
  let woken = false;
  let wake: (() => void) | null = null;

  return {
    now: () => {
      woken = true;
      wake?.();
    },
    next: async () => {
      if (!woken) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      woken = false;
      wake = null;
    },
  };
}

/** Resolves after the time, or when the signal says that nobody cares any more. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}

/** A delay that doubles with each failure in a row. */
export function backOffMs(
  { first, most }: { readonly first: number; readonly most: number },
  failures: number,
): number {
  return Math.min(first * 2 ** (failures - 1), most);
}
