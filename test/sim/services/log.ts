/** An order log in memory with partitions, groups and members, after the manner of Kafka: a member
 *  that is silent for too long loses its partitions, and what it did not commit is delivered to
 *  others; what a producer gave up on may be written late. */
import type { BuyerId, Instant } from "../../../src/domain/ids.ts";
import { homeBucket, instant } from "../../../src/domain/ids.ts";
import { limits } from "../../../src/domain/limits.ts";
import type { Reservation } from "../../../src/domain/reservation.ts";
import { err, ok } from "../../../src/lib/result.ts";
import type { LoggedOrder, LogLag, OrderLog } from "../../../src/ports/order-log.ts";
import { ServiceUnavailable } from "../../../src/ports/service-unavailable.ts";
import { beginMs, type Life } from "../engine/host.ts";
import type { Network } from "../engine/network.ts";
import { RequestFailed } from "../engine/network.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { type Member, subscribeTo } from "./log-member.ts";

export interface SimLog {
  portOf(life: Life): OrderLog;
  /** Whether a message of the order was ever written. */
  has(orderId: string): boolean;
  /** Writes something that nobody can read. */
  poison(orderId: Reservation["orderId"] | null): void;
  /** Whether a group has consumed everything. */
  isDrained(group: string): boolean;
  /** Sets a group's positions back, as far as they were not needed: redelivery. */
  rewind(group: string, messages: number): void;
  messages(): number;
}

/** What the members of one group share, on the broker. */
interface Group {
  generation: number;
  readonly committed: number[];
  readonly members: Map<object, { seenAt: number; partitions: number[] }>;
}

export interface Broker {
  /** The member's partitions and where to begin, under a generation. */
  join(group: string, member: object): Assignment;
  leave(group: string, member: object): void;
  /** Null if the generation has passed. */
  fetch(group: string, member: object, held: Assignment, max: number): LoggedOrder[] | null;
  /** False if the generation has passed. */
  commit(group: string, member: object, held: Assignment): boolean;
}

export interface Assignment {
  readonly generation: number;
  /** The next offset, by partition. */
  readonly positions: Map<number, number>;
}

/** A member that was not heard of for so long is given up. */
const sessionMs = 3_000;
const appendTryMs = 1_200;
const askMs = 1_500;

export function simLog(time: Scheduler, net: Network, partitionCount: number): SimLog {
  const partitions = Array.from({ length: partitionCount }, () => [] as LoggedOrder[]);
  const groups = new Map<string, Group>();
  const letters: LoggedOrder[] = [];
  const seen = new Set<string>();
  const now = () => instant(Math.floor(beginMs + time.now()));

  function write(partition: number, order: Reservation | null, id: LoggedOrder["orderId"]): void {
    const messages = partitions[partition] ?? [];
    const raw = () => JSON.stringify(order);
    const place = { partition, offset: messages.length, producedAt: now() };
    messages.push({ ...place, order, orderId: order?.orderId ?? id, raw });
    if (order !== null) seen.add(order.orderId);
  }

  const writeAll = (orders: readonly Reservation[]) => {
    for (const order of orders) write(partitionOf(order.buyerId), order, null);
  };
  const partitionOf = (buyerId: BuyerId) => homeBucket(buyerId, partitionCount);

  function groupOf(name: string): Group {
    const known = groups.get(name);
    if (known !== undefined) return known;
    const committed = partitions.map(() => 0);
    const made = { generation: 0, committed, members: new Map() };
    groups.set(name, made);
    return made;
  }

  const broker = brokerOf(time, partitions, groupOf);

  function lagOf(name: string): LogLag {
    const { committed } = groupOf(name);
    const open = partitions.map((messages, at) => messages.slice(committed[at]));
    const oldest = open.flatMap((messages) => messages[0]?.producedAt ?? []);
    const consumedThrough = oldest.length === 0 ? now() : (Math.min(...oldest) as Instant);
    const messages = open.reduce((sum, some) => sum + some.length, 0);
    return { messages, seconds: (now() - consumedThrough) / 1_000, consumedThrough };
  }

  const hasReached = (name: string, end: readonly number[]) =>
    groupOf(name).committed.every((offset, at) => offset >= (end[at] ?? 0));

  const ends = () => partitions.map((messages) => messages.length);
  const ways: Ways = { net, broker, writeAll, lagOf, ends, hasReached, letters };
  return {
    portOf: (life) => portOver(life, ways),
    has: (orderId) => seen.has(orderId),
    poison: (orderId) => write(0, null, orderId),
    isDrained: (group) => hasReached(group, ends()),
    rewind: (name, messages) => {
      const group = groupOf(name);
      group.committed.forEach((offset, at) => {
        group.committed[at] = Math.max(0, offset - messages);
      });
      group.generation += 1;
    },
    messages: () => partitions.reduce((sum, some) => sum + some.length, 0),
  };
}

/** What the port of each process stands on. */
interface Ways {
  readonly net: Network;
  readonly broker: Broker;
  readonly writeAll: (orders: readonly Reservation[]) => void;
  readonly lagOf: (group: string) => LogLag;
  readonly ends: () => number[];
  readonly hasReached: (group: string, end: readonly number[]) => boolean;
  readonly letters: LoggedOrder[];
}

function portOver(life: Life, ways: Ways): OrderLog {
  const { net, broker, writeAll, lagOf, ends, hasReached, letters } = ways;
  const ask = <T>(work: () => T) => asked(net.request(life, "log", askMs, work));
  const members = new Set<Member>();
  return {
    append: (orders) => appendIn(life, net, () => writeAll(orders)),
    subscribe: (group, max, handler) => {
      const member = subscribeTo({ life, broker, ask }, group, max, handler);
      members.add(member);
      return member;
    },
    lag: (group) => ask(() => lagOf(group)),
    end: () => ask(ends),
    reached: async (group, end) => {
      while (!(await ask(() => hasReached(group, end)).catch(() => false))) await pause(life, 100);
    },
    trim: async () => 0,
    deadLetter: (message) => ask(() => void letters.push(message)),
    deadLetters: async () => [],
    replay: async () => err("no-such-letter") ?? ok(undefined),
  };
}

/** As a producer does: tried again until its time is up. It may be written twice, or later. */
async function appendIn(life: Life, net: Network, write: () => void): Promise<void> {
  const deadline = life.clock.elapsed() + limits.appendDeadlineMs;
  for (;;) {
    const left = deadline - life.clock.elapsed();
    if (left <= 0) throw new ServiceUnavailable("the log did not answer");
    try {
      return await net.request(life, "log", Math.min(appendTryMs, left), write);
    } catch (reason) {
      if (!(reason instanceof RequestFailed)) throw reason;
      if (reason.failure === "refused") await pause(life, 100);
    }
  }
}

export function asked<T>(request: Promise<T>): Promise<T> {
  return request.catch((reason: unknown) => {
    if (!(reason instanceof RequestFailed)) throw reason;
    throw new ServiceUnavailable(reason.message);
  });
}

export function pause(life: Life, ms: number): Promise<void> {
  return new Promise((resolve) => void life.clock.after(ms, resolve));
}

function brokerOf(
  time: Scheduler,
  partitions: readonly (readonly LoggedOrder[])[],
  groupOf: (name: string) => Group,
): Broker {
  /** Deals the partitions out anew if somebody came, went, or fell silent. */
  function dealOut(group: Group): void {
    group.generation += 1;
    const members = [...group.members.values()];
    members.forEach((member, at) => {
      member.partitions = [...partitions.keys()].filter((one) => one % members.length === at);
    });
  }

  function expire(group: Group): void {
    const silent = [...group.members].filter(([, { seenAt }]) => time.now() - seenAt > sessionMs);
    for (const [member] of silent) group.members.delete(member);
    if (silent.length > 0) dealOut(group);
  }

  function current(name: string, member: object, { generation }: Assignment): Group | null {
    const group = groupOf(name);
    expire(group);
    const known = group.members.get(member);
    if (known === undefined || group.generation !== generation) return null;
    known.seenAt = time.now();
    return group;
  }

  return {
    join: (name, member) => {
      const group = groupOf(name);
      expire(group);
      const known = group.members.get(member);
      if (known === undefined) {
        group.members.set(member, { seenAt: time.now(), partitions: [] });
        dealOut(group);
      } else known.seenAt = time.now();
      const own = group.members.get(member)?.partitions ?? [];
      const positions = new Map(own.map((one) => [one, group.committed[one] ?? 0] as const));
      return { generation: group.generation, positions };
    },
    leave: (name, member) => {
      const group = groupOf(name);
      if (group.members.delete(member)) dealOut(group);
    },
    fetch: (name, member, held, max) => {
      if (current(name, member, held) === null) return null;
      const found: LoggedOrder[] = [];
      for (const [partition, position] of held.positions) {
        const messages = partitions[partition] ?? [];
        found.push(...messages.slice(position, position + max - found.length));
      }
      return found;
    },
    commit: (name, member, held) => {
      const group = current(name, member, held);
      if (group === null) return false;
      for (const [partition, position] of held.positions) {
        group.committed[partition] = Math.max(position, group.committed[partition] ?? 0);
      }
      return true;
    },
  };
}
