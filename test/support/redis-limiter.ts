/** Token buckets in a real Redis, with keys of their own and clocks that the test sets. */
import type { RedisConnection } from "../../src/adapters/redis/connection.ts";
import { redisRateLimiter } from "../../src/adapters/redis/rate-limiter.ts";
import type { RateLimiterHarness } from "../contract/rate-limiter.ts";
import { virtualClock } from "./builders.ts";
import { removeKeys } from "./redis-stock.ts";

/** Reads the time that was written beside the first bucket. Real time must not expire a bucket
 * whose own time stands still. */
export const serverClock = `
local server = redis
local redis = {call = function(name, key, ...)
  if name == 'SET' then return server.call('SET', key, (...)) end
  return server.call(name, key, ...)
end}
local function micros() return tonumber(server.call('GET', KEYS[1] .. ':now')) end`;

export function redisLimiterHarness(connection: RedisConnection): RateLimiterHarness {
  const prefix = `test:${crypto.randomUUID()}:`;
  let serverNow = 0;
  const clock = virtualClock(0);
  const timed = timedConnection(connection, () => serverNow * 1_000);
  const away = { kind: "refuse" } as const;
  return {
    limiter: redisRateLimiter({ connection: timed, clock, prefix, away, serverClock }),
    setTime: (ms) => {
      // Ours goes at an even pace, whatever becomes of the server's.
      clock.advance(Math.abs(ms - serverNow));
      serverNow = ms;
    },
    close: () => removeKeys(connection, prefix),
  };
}

/** Writes the time before each script, on the same connection and so in the same order. */
export function timedConnection(
  connection: RedisConnection,
  micros: () => number,
): Pick<RedisConnection, "send" | "together"> {
  return {
    together: connection.together,
    send: async (key, words) => {
      if (!String(words[0]).startsWith("EVAL")) return connection.send(key, words);
      const written = connection.send(key, ["SET", `${key}:now`, micros()]);
      const [, reply] = await Promise.all([written, connection.send(key, words)]);
      return reply;
    },
  };
}
