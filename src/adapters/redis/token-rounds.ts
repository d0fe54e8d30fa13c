/** When buckets are asked for tokens, and what becomes of the answers: those that are due in one
 * turn of the event loop are asked together, each for all who wait, and never twice at a time. */
import { limits } from "../../domain/limits.ts";
import type { Policy } from "../../domain/rate-limit.ts";
import type { Clock } from "../../ports/clock.ts";
import type { OwnCount } from "./own-count.ts";
import type { Taken, TokenBuckets } from "./token-buckets.ts";
import { isIdle, type Line, served } from "./token-line.ts";

export interface RoundParts {
  readonly buckets: TokenBuckets;
  readonly clock: Pick<Clock, "elapsed" | "after" | "soon">;
  /** Decides while Redis is away. */
  readonly own: OwnCount;
  /** Told of a line of which nothing needs to be remembered. */
  idle(line: Line): void;
  granted(policy: Policy, key: string, taken: Taken): void;
}

export interface RoundCounts {
  readonly calls: number;
  /** Of them, those that were not answered. */
  readonly failures: number;
}

export interface TokenRounds {
  /** Sees to it that a line for which somebody waits is asked, now or once it may be. */
  wake(line: Line, nowMs: number): void;
  counts(): RoundCounts;
}

export function tokenRounds({ buckets, clock, own, idle, granted }: RoundParts): TokenRounds {
  const due = new Set<Line>();
  let calls = 0;
  let failures = 0;

  function wake(line: Line, nowMs: number): void {
    if (line.asking.length > 0) return;
    if (line.opensAtMs <= nowMs) ask(line);
    else if (!line.alarmed) alarm(line, line.opensAtMs - nowMs);
  }

  function alarm(line: Line, delayMs: number): void {
    line.alarmed = true;
    clock.after(delayMs, () => {
      line.alarmed = false;
      if (line.waiting.length > 0 && line.asking.length === 0) ask(line);
    });
  }

  function ask(line: Line): void {
    if (due.size === 0) clock.soon(round);
    due.add(line);
  }

  function round(): void {
    const wanted = [...due].map((line) => {
      line.asking = line.waiting;
      line.waiting = [];
      return { line, key: line.key, limit: line.limit, n: line.asking.length };
    });
    due.clear();
    for (const group of buckets.grouped(wanted)) {
      calls += 1;
      buckets.take(group).then(
        (taken) => {
          for (const [at, { line }] of group.entries()) {
            answered(line, taken[at] as Taken);
          }
        },
        () => {
          failures += 1;
          for (const { line } of group) unanswered(line);
        },
      );
    }
  }

  function answered(line: Line, taken: Taken): void {
    granted(line.policy, line.name, taken);
    const now = clock.elapsed();
    if (served(line, taken, now)) wake(line, now);
    else if (isIdle(line, now)) idle(line);
  }

  /** Nobody knows what was taken, so those who asked are counted anew, here. */
  function unanswered(line: Line): void {
    line.awayUntilMs = clock.elapsed() + limits.limiterAwayMs;
    for (const waiter of [...line.asking, ...line.waiting]) waiter(own.take(line));
    line.asking = [];
    line.waiting = [];
  }

  return { wake, counts: () => ({ calls, failures }) };
}
