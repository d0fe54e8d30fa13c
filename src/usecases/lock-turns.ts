/** Shares a lock among the requests of one process, and takes turns at it with other processes. A
 * turn ends soon when it is not used, and after its time when somebody else queues; whoever wants
 * more queues again, behind those who waited. Nothing is passed on while it is in use. */
import type { LockToken } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { messageOf } from "../lib/finding.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Held, Lease } from "../ports/lease.ts";

export interface LockTurnsDeps {
  readonly lease: Pick<Lease, "acquire" | "list">;
  readonly clock: Clock;
  /** After so long a turn ends if somebody else wants the lock. */
  readonly turnMs: number;
}

/** What turns have come to, since the process began. */
export interface TurnCounts {
  turns: number;
  /** From queueing for a turn to its begin, in sum. */
  waitedMs: number;
  /** Of turns that have ended, in sum. */
  heldMs: number;
}

/** A share in the turn that the process has now. */
export interface Turn {
  readonly token: LockToken;
  /** Call it once, when the work under the lock is done. */
  leave(): void;
  /** Ends the turn, because the lock turned out to be somebody else's: nobody joins it any more. */
  forsake(): void;
}

export interface LockTurns {
  /** Joins the turn that is on, or the next one, or a later one if that ended before it could be
   * used. The error says why there was none: locks cannot be had, or not within `lockWaitMs` of
   * when this process began to queue. */
  join(): Promise<Result<Turn, string>>;
}

export function lockTurns(
  deps: LockTurnsDeps,
  lock: { readonly name: string; readonly about: string },
  counts: TurnCounts,
): LockTurns {
  const { clock, lease } = deps;
  let current: Holding | null = null;
  let next: Promise<string | null> | null = null;

  async function join(): Promise<Result<Turn, string>> {
    for (let tries = 0; ; tries += 1) {
      if (current?.valid()) return ok(current.join());
      current?.end();
      if (tries === limits.lockTriesMax) return err(lostAtOnce);
      next ??= soonEnough(clock, queue());
      const refused = await next;
      if (refused !== null) return err(refused);
    }
  }

  /** Null once the turn has begun. */
  async function queue(): Promise<string | null> {
    const askedAt = clock.elapsed();
    try {
      const got = await lease.acquire(lock.name, { about: lock.about });
      if (!got.ok) return `locks cannot be had: ${got.error}`;
      counts.turns += 1;
      counts.waitedMs += clock.elapsed() - askedAt;
      current = holding(got.value, clock, counts);
      lookSoon(current, 1);
      return null;
    } catch (reason) {
      return `locks cannot be had: ${messageOf(reason)}`;
    } finally {
      next = null;
    }
  }

  function lookSoon(turn: Holding, looks: number): void {
    clock.after(deps.turnMs / limits.lockLooks, () => {
      void look(turn, looks);
    });
  }

  async function look(turn: Holding, looks: number): Promise<void> {
    const needed = turn.wasUsed() && turn.valid();
    const isOver = needed && looks % limits.lockLooks === 0 && (await othersQueue());
    if (needed && !isOver) lookSoon(turn, looks + 1);
    else turn.end();
  }

  /** While locks cannot be asked about, nobody else can get one, either: ours ends by itself. */
  async function othersQueue(): Promise<boolean> {
    try {
      const found = await lease.list(lock.name);
      return found.some(({ name, queue }) => name === lock.name && queue.length > 1);
    } catch {
      return false;
    }
  }

  return { join };
}

/** A lock that is held, and who is at work under it. */
interface Holding {
  /** Whether one may still join. */
  valid(): boolean;
  join(): Turn;
  /** Whether anybody was at work since this was asked last. */
  wasUsed(): boolean;
  /** Gives the lock back as soon as nobody is at work any more. */
  end(): void;
}

function holding(held: Held, clock: Clock, counts: TurnCounts): Holding {
  const since = clock.elapsed();
  let users = 0;
  let used = false;
  let open = true;

  function join(): Turn {
    users += 1;
    used = true;
    const leave = () => {
      users -= 1;
      if (!open) free();
    };
    return { token: held.token, leave, forsake: end };
  }

  function end(): void {
    if (!open) return;
    open = false;
    counts.heldMs += clock.elapsed() - since;
    free();
  }

  function free(): void {
    if (users === 0) void held.release();
  }

  function wasUsed(): boolean {
    const was = used || users > 0;
    used = false;
    return was;
  }

  return { valid: () => open && held.valid(), join, wasUsed, end };
}

/** All who wait give up together, so that nobody waits longer than the first of them may. */
function soonEnough(clock: Clock, turn: Promise<string | null>): Promise<string | null> {
  return new Promise((resolve) => {
    const cancel = clock.after(limits.lockWaitMs, () => resolve(tooLong));
    void turn.then(resolve).finally(cancel);
  });
}

const lostAtOnce = "the lock was lost whenever it was had; try again";
const tooLong = `others have held the lock for ${limits.lockWaitMs} ms; try again`;
