/** Where the log ends, where a group stands, and how old the oldest message is that it has not
 *  consumed. Anybody may ask: all of it is read from the brokers. */
import { type Admin, ListOffsetTimestamps } from "@platformatic/kafka";
import { instant } from "../../domain/ids.ts";
import type { LogEnd, LogLag } from "../../ports/order-log.ts";
import { type Committed, type Listed, topicOffsets } from "./topic-offsets.ts";

export interface LogPositions {
  end(): Promise<LogEnd>;
  lag(group: string): Promise<LogLag>;
  /** Resolves once the group has committed everything before `end`. */
  reached(group: string, end: LogEnd): Promise<void>;
}

const nothingCommitted: Committed = { offset: -1, producedAt: null };
const nothingListed: Listed = { offset: -1, timestamp: -1 };

/** How often a barrier looks. */
const pollMs = 50;

export function logPositions(admin: Admin, topic: string): LogPositions {
  const { all, list, committedBy } = topicOffsets(admin, topic);

  async function end(): Promise<LogEnd> {
    const listed = await all(ListOffsetTimestamps.LATEST);
    return listed.map(({ offset }) => offset);
  }

  /** The time is taken first, so whoever has nothing left then has consumed all that is older. */
  async function lag(group: string): Promise<LogLag> {
    const now = Date.now();
    const [ends, committed] = await Promise.all([end(), committedBy(group)]);
    const since = await unconsumedSince(ends, committed, now);
    const consumedThrough = Math.min(now, ...since.map(({ producedAt }) => producedAt));
    return {
      messages: since.reduce((sum, { messages }) => sum + messages, 0),
      seconds: (now - consumedThrough) / 1_000,
      consumedThrough: instant(consumedThrough),
    };
  }

  /** What is left of each partition that the group is behind in, and how old it is at most. */
  async function unconsumedSince(ends: LogEnd, committed: readonly Committed[], now: number) {
    const behind = ends.flatMap((end, partition) => {
      const at = committed[partition] ?? nothingCommitted;
      return at.offset >= end ? [] : [{ ...at, partition, end }];
    });
    if (behind.length === 0) return [];
    const after = behind.map(({ partition, producedAt }): [number, bigint] => {
      return [partition, producedAt === null ? 0n : BigInt(producedAt + 1)];
    });
    const first = await list(new Map(after));
    return behind.map((group) => left(group, first[group.partition] ?? nothingListed, now));
  }

  async function reached(group: string, end: LogEnd): Promise<void> {
    while (!(await hasReached(group, end))) await Bun.sleep(pollMs);
  }

  /** A partition without a position is reached if nothing is left in it. */
  async function hasReached(group: string, end: LogEnd): Promise<boolean> {
    const committed = await committedBy(group);
    const offsetOf = (partition: number) => committed[partition]?.offset ?? -1;
    const open = [...end.keys()].filter((at) => Math.max(offsetOf(at), 0) < (end[at] ?? 0));
    if (open.some((partition) => offsetOf(partition) >= 0)) return false;
    if (open.length === 0) return true;
    const asking = open.map((at): [number, bigint] => [at, ListOffsetTimestamps.EARLIEST]);
    const earliest = await list(new Map(asking));
    return open.every((at) => (earliest[at]?.offset ?? -1) >= (end[at] ?? 0));
  }

  return { end, lag, reached };
}

/** `first` is the first message produced after the last consumed one (or at all). If it is not the
 * next one, others of the last one's millisecond are left, so that millisecond is the answer. */
function left(
  { offset, producedAt, end }: Committed & { readonly end: number },
  first: Listed,
  now: number,
): { messages: number; producedAt: number } {
  if (offset < 0 && first.offset < 0) return { messages: 0, producedAt: now };
  const next = offset < 0 ? first.offset : offset;
  const isFirst = producedAt === null || first.offset === next;
  const since = isFirst ? first.timestamp : producedAt;
  return { messages: end - next, producedAt: since < 0 ? 0 : since };
}
