/** The order log on SQLite: every append is one row, every group has a position, and a group's
 * handler is called again with what it has not acknowledged, also after a restart. */
import { InvariantError } from "../../lib/assert.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LoggedOrder, LogLag, OrderLog, Subscription } from "../../ports/order-log.ts";
import type { Database } from "./database.ts";
import { deadLetters } from "./dead-letters.ts";
import { logReader } from "./log-reader.ts";
import appendSql from "./sql/log-append.sql" with { type: "text" };
import commitSql from "./sql/log-commit.sql" with { type: "text" };
import endSql from "./sql/log-end.sql" with { type: "text" };
import positionSql from "./sql/log-position.sql" with { type: "text" };
import trimSql from "./sql/log-trim.sql" with { type: "text" };

type Handler = (batch: readonly LoggedOrder[]) => Promise<void>;

interface Offset {
  readonly next_offset: number;
}

const retryAfterMs = { first: 50, most: 5_000 };
const trimRows = 500;

export function embeddedOrderLog(database: Database, clock: Clock): OrderLog {
  const { sql } = database;
  const insert = sql.prepare(appendSql);
  const trimStatement = sql.prepare(trimSql);
  const positions = groupPositions(database);
  const reader = logReader(database);
  const wakers = new Set<() => void>();
  let next = sql.query<Offset, []>(endSql).get()?.next_offset ?? 0;
  /** What consumers may see: everything before it has been synced. */
  let durable = next;

  const append: OrderLog["append"] = async (orders) => {
    if (orders.length === 0) return;
    const producedAt = clock.now();
    const base = await writeRow(JSON.stringify(orders), orders.length, producedAt);
    reader.appended(base, producedAt, orders);
    published(base + orders.length);
  };

  /** A message alone; what is no JSON stays poison. */
  async function appendRaw(raw: string): Promise<void> {
    const base = await writeRow(isJson(raw) ? `[${raw}]` : raw, 1, clock.now());
    published(base + 1);
  }

  function writeRow(text: string, count: number, producedAt: number): Promise<number> {
    return database.write((scope) => {
      const offset = next;
      insert.run(offset, count, producedAt, text);
      next = offset + count;
      scope.undo(() => {
        next = offset;
      });
      return offset;
    });
  }

  function published(end: number): void {
    durable = end;
    for (const wake of wakers) wake();
  }

  const subscribe: OrderLog["subscribe"] = (group, max, handler) => {
    const loop = consumer({ group, max, handler, reader, positions, clock, end: () => durable });
    wakers.add(loop.wake);
    loop.wake();
    return {
      // What would keep it from reading keeps the database from everything, and is told there.
      failure: () => null,
      stop: () => {
        wakers.delete(loop.wake);
        return loop.stop();
      },
    };
  };

  return {
    append,
    subscribe,
    lag: (group) => lagOf(group, { positions, reader, clock, end: durable }),
    end: async () => [durable],
    reached: (group, end) => positions.reached(group, end[0] ?? 0),
    trim: (before) => database.write(() => trimStatement.run(before, trimRows).changes),
    ...deadLetters(database, clock, appendRaw),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

interface LagDeps {
  readonly positions: Positions;
  readonly reader: ReturnType<typeof logReader>;
  readonly clock: Clock;
  readonly end: number;
}

async function lagOf(group: string, { positions, reader, clock, end }: LagDeps): Promise<LogLag> {
  const at = positions.of(group);
  const now = clock.now();
  const oldest = at >= end ? null : reader.producedAt(at);
  const consumedThrough = oldest ?? now;
  return { messages: end - at, seconds: (now - consumedThrough) / 1000, consumedThrough };
}

interface Positions {
  of(group: string): number;
  commit(group: string, offset: number): Promise<void>;
  reached(group: string, end: number): Promise<void>;
}

function groupPositions(database: Database): Positions {
  const select = database.sql.prepare<Offset, [string]>(positionSql);
  const upsert = database.sql.prepare(commitSql);
  const known = new Map<string, number>();
  let waiters: { group: string; end: number; resolve: () => void }[] = [];

  function of(group: string): number {
    const cached = known.get(group);
    if (cached !== undefined) return cached;
    const stored = select.get(group)?.next_offset ?? 0;
    known.set(group, stored);
    return stored;
  }

  async function commit(group: string, offset: number): Promise<void> {
    await database.write(() => upsert.run(group, offset));
    known.set(group, offset);
    const there = waiters.filter((waiter) => waiter.group === group && waiter.end <= offset);
    waiters = waiters.filter((waiter) => !there.includes(waiter));
    for (const waiter of there) waiter.resolve();
  }

  function reached(group: string, end: number): Promise<void> {
    if (of(group) >= end) return Promise.resolve();
    return new Promise((resolve) => {
      waiters.push({ group, end, resolve });
    });
  }

  return { of, commit, reached };
}

interface ConsumerDeps {
  readonly group: string;
  readonly max: number;
  readonly handler: Handler;
  readonly reader: ReturnType<typeof logReader>;
  readonly positions: Positions;
  readonly clock: Clock;
  readonly end: () => number;
}

/** One group's loop: read, handle, commit the position; asleep while there is nothing to read. A
 * position is committed together with the next batch's effect; if that fails, the loop goes back
 * to what was committed. */
function consumer(deps: ConsumerDeps): Pick<Subscription, "stop"> & { wake(): void } {
  const { group, positions } = deps;
  let cursor = positions.of(group);
  let committing: Promise<void> = Promise.resolve();
  let stopped = false;
  let running: Promise<void> | null = null;

  function wake(): void {
    if (running !== null || stopped) return;
    running = run().finally(() => {
      running = null;
      if (cursor < deps.end()) wake();
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopped && cursor < deps.end()) {
      const handled = await step();
      failures = handled ? 0 : failures + 1;
      if (!handled) await pause(deps.clock, failures);
    }
    await committing;
  }

  /** False if the batch must be delivered again. */
  async function step(): Promise<boolean> {
    const batch = deps.reader.read(cursor, deps.max);
    const last = batch.at(-1);
    if (last === undefined) return false;
    try {
      await deps.handler(batch);
    } catch (reason) {
      if (reason instanceof InvariantError) throw reason;
      return false;
    }
    await committing;
    cursor = last.offset + 1;
    committing = positions.commit(group, cursor).catch(() => {
      cursor = positions.of(group);
    });
    return true;
  }

  async function stop(): Promise<void> {
    stopped = true;
    await running;
  }

  return { wake, stop };
}

function pause(clock: Clock, failures: number): Promise<void> {
  const delayMs = Math.min(retryAfterMs.first * 2 ** (failures - 1), retryAfterMs.most);
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
