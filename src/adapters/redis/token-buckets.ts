/** Token buckets in Redis: one script call takes from as many as may be named together, each as
 * often as is wanted of it. */

import { limits } from "../../domain/limits.ts";
import { type BucketLimit, clockStepMaxMicros } from "../../domain/rate-limit.ts";
import { type RedisConnection, runOn, script } from "./connection.ts";
import { listOf, numberOf } from "./reply.ts";
import serverClock from "./scripts/micros.lua" with { type: "text" };
import takeTokens from "./scripts/take-tokens.lua" with { type: "text" };

export interface Wanted {
  readonly key: string;
  readonly limit: BucketLimit;
  readonly n: number;
  /** What an adaptive limit is lowered to afterwards. */
  readonly lower?: number | null;
}

export interface Taken {
  readonly granted: number;
  /** Whole tokens left. */
  readonly remaining: number;
  /** Until one more is there; 0 if one is. */
  readonly retryAfterMs: number;
  /** The rate that holds from now on. */
  readonly perSecond: number;
  /** What a bucket under an adaptive limit gave in all. */
  readonly given: number;
  /** By the clock of Redis. */
  readonly atMicros: number;
}

export interface TokenBuckets {
  /** In groups, each of which one call can serve. */
  grouped<One extends Wanted>(wanted: readonly One[]): One[][];
  /** Takes from the buckets of one group. Rejects if Redis does not say what was taken. */
  take(group: readonly Wanted[]): Promise<readonly Taken[]>;
}

/** `clock` is the text of a Lua function `micros()`. */
export function tokenBuckets(
  connection: Pick<RedisConnection, "send" | "together">,
  clock: string = serverClock,
): TokenBuckets {
  const whole = script(`${clock}\n${takeTokens}`);

  function grouped<One extends Wanted>(wanted: readonly One[]): One[][] {
    const groups = Map.groupBy(wanted, ({ key }) => connection.together(key));
    return [...groups.values()].flatMap(inCalls);
  }

  async function take(group: readonly Wanted[]): Promise<readonly Taken[]> {
    const keys = group.map(({ key }) => key);
    const reply = await runOn(connection, whole, keys, [
      packed(group),
      clockStepMaxMicros,
      limits.adaptedKeptMs,
    ]);
    const numbers = listOf(reply).map(numberOf);
    return group.map((_, at) => takenAt(numbers, at));
  }

  return { grouped, take };
}

function inCalls<One>(group: readonly One[]): One[][] {
  const calls: One[][] = [];
  for (let at = 0; at < group.length; at += limits.limiterCallMax) {
    calls.push(group.slice(at, at + limits.limiterCallMax));
  }
  return calls;
}

function packed(group: readonly Wanted[]): Buffer {
  const bytes = Buffer.allocUnsafe(group.length * 20);
  group.forEach(({ limit, n, lower }, at) => {
    bytes.writeUInt32BE(limit.perSecond, at * 20);
    bytes.writeUInt32BE(limit.burst, at * 20 + 4);
    bytes.writeUInt32BE(n, at * 20 + 8);
    bytes.writeUInt32BE(limit.adaptive?.floorPerSecond ?? 0, at * 20 + 12);
    bytes.writeUInt32BE(lower ?? 0, at * 20 + 16);
  });
  return bytes;
}

function takenAt(numbers: readonly number[], at: number): Taken {
  const [atMicros = 0] = numbers;
  const [granted = 0, remaining = 0, retryMicros = 0, perSecond = 0, given = 0] = numbers.slice(
    at * 5 + 1,
    at * 5 + 6,
  );
  const retryAfterMs = Math.ceil(retryMicros / 1_000);
  return { granted, remaining, retryAfterMs, perSecond, given, atMicros };
}
