/** Work that a role does again and again. Each chore goes at its own pace, one round at a time; one
 * that fails says so once and is tried again, and the others go on. */
import type { Clock } from "../ports/clock.ts";
import type { RoleLog } from "./role.ts";

export interface Chore {
  readonly name: string;
  /** From the end of a round to the next. */
  readonly everyMs: number;
  work(): Promise<void>;
}

export interface Chores {
  start(): void;
  /** Resolves when the rounds under way have ended. */
  stop(): Promise<void>;
}

export function doChores(chores: readonly Chore[], clock: Clock, logger: RoleLog): Chores {
  const underWay = new Map<Chore, Promise<void>>();
  const waiting = new Map<Chore, () => void>();
  const failing = new Set<Chore>();
  let stopped = false;

  function begin(chore: Chore): void {
    const round = once(chore).finally(() => {
      if (!stopped)
        waiting.set(
          chore,
          clock.after(chore.everyMs, () => begin(chore)),
        );
    });
    underWay.set(chore, round);
  }

  async function once(chore: Chore): Promise<void> {
    try {
      await chore.work();
      if (failing.delete(chore)) logger.info({ chore: chore.name }, "works again");
    } catch (reason) {
      if (!failing.has(chore)) {
        logger.warn({ err: reason, chore: chore.name }, "failed; trying again");
      }
      failing.add(chore);
    }
  }

  async function stop(): Promise<void> {
    stopped = true;
    for (const cancel of waiting.values()) cancel();
    await Promise.all(underWay.values());
  }

  return { start: () => chores.forEach(begin), stop };
}
