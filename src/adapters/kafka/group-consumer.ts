/** A subscription: joins the group, fetches a little ahead, hands batches to the handler one at a
 *  time, commits what was handled. What fails is begun anew after a back-off from the committed
 *  positions, so everything is delivered at least once and nothing is skipped. */
import { InvariantError } from "../../lib/assert.ts";
import type { LoggedOrder, Subscription } from "../../ports/order-log.ts";
import { clientName, type KafkaConnection, type KafkaEvents, whyOf } from "./connection.ts";
import { groupMember } from "./group-member.ts";
import { type OffsetCommitter, offsetCommitter } from "./offset-committer.ts";
import type { OrderMessage } from "./order-message.ts";
import type { Batch } from "./owned-partitions.ts";
import { isOutOfRange, type PartitionFetcher, partitionFetcher } from "./partition-fetcher.ts";
import { backOffMs, pause, wakeUp } from "./wake-up.ts";

export interface GroupConsumerOptions {
  readonly connection: KafkaConnection;
  readonly events: KafkaEvents;
  readonly group: string;
  readonly topic: string;
  /** Most messages in one batch. */
  readonly max: number;
  readonly handler: (batch: readonly LoggedOrder[]) => Promise<void>;
}

/** A failed batch is delivered again after … */
const redeliverAfterMs = { first: 100, most: 5_000 };
/** A consumer that failed is opened again after … */
const reopenAfterMs = { first: 100, most: 1_000 };
/** A position that the log does not have is looked at again, in case a person mended it. */
const outOfRangeMs = 10_000;
/** How long the end of a session waits for its last commit. */
const lastCommitMs = 3_000;
/** Batches that may wait before fetching pauses. */
const batchesAhead = 4;

interface Context extends GroupConsumerOptions {
  readonly instanceId: string;
  /** Aborted by `stop`. */
  readonly stopping: AbortSignal;
  /** By partition, the offset after the last message that was handed to the handler. */
  readonly delivered: Map<number, number>;
  readonly condition: Condition;
}

interface Condition {
  /** Why this is no member that consumes, or null. */
  failure: string | null;
  fetcher: PartitionFetcher | null;
}

export function groupConsumer(options: GroupConsumerOptions): Subscription {
  const stopper = new AbortController();
  const instanceId = `${clientName}-${crypto.randomUUID()}`;
  const condition: Condition = { failure: "the group was not joined yet", fetcher: null };
  const stopping = stopper.signal;
  const running = sessions({ ...options, instanceId, stopping, delivered: new Map(), condition });
  return {
    failure: () => {
      const why = condition.failure ?? condition.fetcher?.failure() ?? null;
      return why === null ? null : `group ${options.group}: ${why}`;
    },
    stop: () => {
      stopper.abort();
      return running;
    },
  };
}

/** A broken invariant ends the process, as everywhere; all else is tried again. */
async function sessions(context: Context): Promise<void> {
  const { stopping, condition } = context;
  for (let failures = 0; !stopping.aborted; ) {
    const worked = () => {
      if (failures > 0) context.events.reconnected("consumer");
      failures = 0;
      condition.failure = null;
    };
    try {
      await session(context, worked);
    } catch (reason) {
      if (reason instanceof InvariantError) throw reason;
      failures += 1;
      condition.failure = isOutOfRange(reason) ? outOfRangeAdvice : whyOf(reason);
      report(context, reason, failures);
      const delayMs = isOutOfRange(reason) ? outOfRangeMs : backOffMs(reopenAfterMs, failures);
      await pause(delayMs, stopping);
    }
  }
}

function report({ events, group }: Context, reason: unknown, failures: number): void {
  if (isOutOfRange(reason)) events.alarm(`group ${group} stopped: ${outOfRangeAdvice}`, reason);
  else if (failures === 1) events.trouble(`group ${group} cannot consume; trying again`, reason);
}

const outOfRangeAdvice =
  "its position is not in the log. Messages may have been removed before they were consumed, and " +
  "none is skipped by itself: find out which, then reset the group's offsets";

/** From joining the group to the first failure, or to `stop`. */
async function session(context: Context, worked: () => void): Promise<void> {
  const { events, group, stopping } = context;
  const wake = wakeUp();
  const ended = new AbortController();
  let fault: Error | null = null;
  const fail = (reason: unknown) => {
    fault ??= reason instanceof Error ? reason : new Error(String(reason));
    wake.now();
  };
  const changed = (forgotten: boolean) => {
    fetcher.changed(forgotten);
    wake.now();
  };
  const member = groupMember({ ...context, changed, lost: fail });
  const place = { member, events, group, signal: ended.signal, fetched: wake.now, fail };
  const fetcher = partitionFetcher({ ...place, aheadMax: context.max * batchesAhead });
  context.condition.fetcher = fetcher;
  const committer = offsetCommitter({
    commit: member.commit,
    owns: fetcher.owned.has,
    trouble: (reason) => events.trouble(`group ${group} cannot commit; trying again`, reason),
  });
  stopping.addEventListener("abort", wake.now);
  try {
    let joined = false;
    member.join().then(() => {
      joined = true;
      wake.now();
    }, fail);
    while (!stopping.aborted && fault === null) {
      await fetcher.follow();
      if (joined) worked();
      fetcher.start();
      const batch = fetcher.owned.take(context.max);
      if (batch.messages.length === 0) await wake.next();
      else await deliver(context, batch, fetcher, committer, () => fault !== null);
    }
    if (fault !== null) throw fault;
  } finally {
    stopping.removeEventListener("abort", wake.now);
    await committer.close(lastCommitMs);
    ended.abort();
    await member.close();
  }
}

/** Delivers a batch until the handler resolves, without partitions that were lost meanwhile. */
async function deliver(
  context: Context,
  batch: Batch,
  { owned }: PartitionFetcher,
  committer: OffsetCommitter,
  faulty: () => boolean,
): Promise<void> {
  for (let failures = 0; !context.stopping.aborted && !faulty(); failures += 1) {
    const ours = owned.left(batch);
    if (ours.messages.length === 0) return;
    countRedelivered(context, ours.messages);
    try {
      await context.handler(ours.messages);
      return committer.handled(ours);
    } catch (reason) {
      if (reason instanceof InvariantError) throw reason;
      await pause(backOffMs(redeliverAfterMs, failures + 1), context.stopping);
    }
  }
}

function countRedelivered({ delivered, events }: Context, batch: readonly OrderMessage[]): void {
  let again = 0;
  for (const { partition, offset } of batch) {
    if (offset < (delivered.get(partition) ?? 0)) again += 1;
    else delivered.set(partition, offset + 1);
  }
  if (again > 0) events.redelivered(again);
}
