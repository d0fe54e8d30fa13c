/** A Redis in memory, as far as the stock store uses one: it runs the store's own scripts. What it
 *  holds can be kept and brought back, as a restart or a failover does that forgets writes. */
import type { Reply, Value } from "../../../src/adapters/redis/node.ts";
import { NotExecuted } from "../../../src/adapters/redis/refusal.ts";
import { luaScript } from "./lua-compile.ts";
import { LuaTable, type LuaValue, numberText } from "./lua-values.ts";

type Entry = string | Map<string, string> | SortedSet;
type Answer = number | string | null | readonly Answer[];

class SortedSet {
  readonly scores: Map<string, number>;

  constructor(scores: Iterable<readonly [string, number]> = []) {
    this.scores = new Map(scores);
  }
}

/** What a server holds at one moment. */
export type Snapshot = ReadonlyMap<string, Entry>;

export interface SimRedis {
  /** Executes one command. Throws `NotExecuted` with the code NOSCRIPT as Redis says so. */
  execute(words: readonly Value[], nowMs: number): Reply;
  /** Reads without being a client. */
  hash(key: string): ReadonlyMap<string, string> | undefined;
  text(key: string): string | undefined;
  snapshot(): Snapshot;
  /** Everything is gone, but the server is the same. */
  wipe(): void;
  /** Starts again with what is given. */
  restart(from: Snapshot): void;
  incarnation(): string;
}

export function simRedis(): SimRedis {
  let keys = new Map<string, Entry>();
  let scripts = new Map<string, string>();
  let starts = 1;
  let now = 0;
  const incarnation = () => starts.toString(16).padStart(40, "a");

  function execute(words: readonly Value[], nowMs: number): Reply {
    now = nowMs;
    const [name = "", ...args] = words.map(latin1);
    return replyOf(command(name.toUpperCase(), args));
  }

  function command(name: string, args: string[]): Answer {
    switch (name) {
      case "PING":
        return "PONG";
      case "EVALSHA":
        return evaluate(scripts.get(args[0] ?? ""), args);
      case "EVAL":
        scripts.set(
          new Bun.CryptoHasher("sha1").update(args[0] ?? "").digest("hex"),
          args[0] ?? "",
        );
        return evaluate(args[0], args);
      case "TIME":
        return [String(Math.floor(now / 1_000)), String(Math.floor((now % 1_000) * 1_000))];
      case "INFO":
        return `# Replication\r\nrole:master\r\nmaster_replid:${incarnation()}\r\n`;
      default:
        return dataCommand(keys, name, args);
    }
  }

  function evaluate(source: string | undefined, [, count, ...rest]: string[]): Answer {
    if (source === undefined) throw new NotExecuted("NOSCRIPT", "NOSCRIPT No matching script");
    const redisCall = (...words: LuaValue[]) => {
      const [name = "", ...args] = words.map(argument);
      return [luaValue(command(name, args))];
    };
    const split = Number(count);
    return answerOf(luaScript(source)(redisCall, rest.slice(0, split), rest.slice(split)));
  }

  return {
    execute,
    hash: (key) => mapAt(keys, key),
    text: (key) => textAt(keys, key),
    snapshot: () => copyOf(keys),
    wipe: () => keys.clear(),
    restart: (from) => {
      keys = copyOf(from);
      scripts = new Map();
      starts += 1;
    },
    incarnation,
  };
}

function dataCommand(keys: Map<string, Entry>, name: string, args: readonly string[]): Answer {
  const [key = "", ...rest] = args;
  switch (name) {
    case "GET":
      return textAt(keys, key) ?? null;
    case "MGET":
      return args.map((one) => textAt(keys, one) ?? null);
    case "SET":
      keys.set(key, rest[0] ?? "");
      return "OK";
    case "APPEND": {
      const whole = (textAt(keys, key) ?? "") + (rest[0] ?? "");
      keys.set(key, whole);
      return whole.length;
    }
    case "DEL":
    case "UNLINK":
      return args.filter((one) => keys.delete(one)).length;
    default:
      return name.startsWith("Z")
        ? setCommand(keys, name, key, rest)
        : hashCommand(keys, name, key, rest);
  }
}

function hashCommand(
  keys: Map<string, Entry>,
  name: string,
  key: string,
  args: readonly string[],
): Answer {
  const hash = mapAt(keys, key);
  const [field = "", value = ""] = args;
  switch (name) {
    case "HGET":
      return hash?.get(field) ?? null;
    case "HMGET":
      return args.map((one) => hash?.get(one) ?? null);
    case "HGETALL":
      return [...(hash ?? [])].flat();
    case "HLEN":
      return hash?.size ?? 0;
    case "HEXISTS":
      return hash?.has(field) ? 1 : 0;
    case "HDEL":
      return remove(keys, key, hash, args);
    default:
      return hashWrite(madeAt(keys, key, hash), name, field, value, args);
  }
}

function hashWrite(
  hash: Map<string, string>,
  name: string,
  field: string,
  value: string,
  args: readonly string[],
): Answer {
  switch (name) {
    case "HSET":
      for (let at = 0; at + 1 < args.length; at += 2) hash.set(args[at] ?? "", args[at + 1] ?? "");
      return args.length / 2;
    case "HSETNX":
      if (hash.has(field)) return 0;
      hash.set(field, value);
      return 1;
    case "HINCRBY": {
      const sum = Number(hash.get(field) ?? 0) + Number(value);
      hash.set(field, String(sum));
      return sum;
    }
    default:
      throw new Error(`ERR unknown command ${name}`);
  }
}

function setCommand(
  keys: Map<string, Entry>,
  name: string,
  key: string,
  args: readonly string[],
): Answer {
  const known = keys.get(key);
  const scores = known instanceof SortedSet ? known.scores : new Map<string, number>();
  const [first = "", second = "", ...options] = args;
  switch (name) {
    case "ZADD":
      scores.set(second, Number(first));
      keys.set(key, known ?? new SortedSet(scores));
      return 1;
    case "ZREM":
      return remove(keys, key, scores, args);
    case "ZCOUNT":
      return between(scores, first, second).length;
    case "ZRANGEBYSCORE": {
      const at = options.indexOf("LIMIT");
      const [skip, most] = [Number(options[at + 1]), Number(options[at + 2])];
      const some = between(scores, first, second).slice(skip, skip + most);
      return some.flatMap(([member, score]) => [member, String(score)]);
    }
    default:
      throw new Error(`ERR unknown command ${name}`);
  }
}

function between(scores: ReadonlyMap<string, number>, from: string, to: string) {
  const inside = [...scores].filter(([, score]) => isAbove(score, from) && isBelow(score, to));
  return inside.sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
}

function isAbove(score: number, bound: string): boolean {
  if (bound === "-inf") return true;
  return bound.startsWith("(") ? score > Number(bound.slice(1)) : score >= Number(bound);
}

function isBelow(score: number, bound: string): boolean {
  return bound.startsWith("(") ? score < Number(bound.slice(1)) : score <= Number(bound);
}

function remove(
  keys: Map<string, Entry>,
  key: string,
  from: { delete(one: string): boolean; readonly size: number } | undefined,
  gone: readonly string[],
): number {
  const count = gone.filter((one) => from?.delete(one)).length;
  if (from?.size === 0) keys.delete(key);
  return count;
}

function mapAt(keys: ReadonlyMap<string, Entry>, key: string): Map<string, string> | undefined {
  const entry = keys.get(key);
  return entry instanceof Map ? entry : undefined;
}

function textAt(keys: ReadonlyMap<string, Entry>, key: string): string | undefined {
  const entry = keys.get(key);
  return typeof entry === "string" ? entry : undefined;
}

function madeAt(keys: Map<string, Entry>, key: string, known: Map<string, string> | undefined) {
  const hash = known ?? new Map<string, string>();
  keys.set(key, hash);
  return hash;
}

function copyOf(keys: Snapshot): Map<string, Entry> {
  return new Map([...keys].map(([key, entry]) => [key, copyOfEntry(entry)] as const));
}

function copyOfEntry(entry: Entry): Entry {
  if (typeof entry === "string") return entry;
  return entry instanceof Map ? new Map(entry) : new SortedSet(entry.scores);
}

/** As a client sends it. */
function latin1(value: Value): string {
  return Buffer.isBuffer(value) ? value.toString("latin1") : String(value);
}

/** As a script passes it to `redis.call`. */
function argument(value: LuaValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return numberText(value, 17);
  throw new Error("ERR Lua redis lib command arguments must be strings or integers");
}

function luaValue(answer: Answer): LuaValue {
  if (answer === null) return false;
  if (typeof answer !== "object") return answer;
  return new LuaTable(answer.map(luaValue));
}

/** What Redis makes of a script's value. */
function answerOf(value: LuaValue): Answer {
  if (value instanceof LuaTable) return value.list.map(answerOf);
  if (typeof value === "number") return Math.trunc(value);
  if (typeof value === "string") return value;
  return value === true ? 1 : null;
}

function replyOf(answer: Answer): Reply {
  if (typeof answer === "string") return Buffer.from(answer, "latin1");
  return Array.isArray(answer) ? answer.map(replyOf) : (answer as number | null);
}
