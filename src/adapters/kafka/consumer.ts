/** Delivers a topic to a group: batches of what is there, one handler at a time, the position
 * committed after the handler. A session that breaks is opened again; what was handled and not
 * committed comes again. */
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes } from "@platformatic/kafka";
import { InvariantError } from "../../lib/assert.ts";
import type { LoggedOrder, Subscription } from "../../ports/order-log.ts";
import { loggedOrder, type Received } from "./message.ts";
import { clientOptions, type KafkaOptions } from "./topics.ts";

export interface ConsumerOptions {
  readonly kafka: KafkaOptions;
  readonly topic: string;
  /** With its prefix. */
  readonly groupId: string;
  readonly max: number;
  handler(batch: readonly LoggedOrder[]): Promise<void>;
  readonly events: ConsumerEvents;
}

export interface ConsumerEvents {
  /** The session broke; it is opened again. */
  broken(reason: unknown): void;
  /** The group's messages were shared out anew. */
  assigned(partitions: readonly number[]): void;
}

/** A member that says nothing for this long loses its partitions to the others. */
const sessionTimeoutMs = 6_000;
const heartbeatMs = 1_000;
/** How long a broker holds a fetch that finds nothing. */
const fetchWaitMs = 500;
const retryAfterMs = { first: 100, most: 5_000 };
/** Batches read ahead. */
const prefetchBatches = 4;

export function consumeTopic(options: ConsumerOptions): Subscription {
  const stopping = stopSignal();
  const running = sessions(options, stopping);

  return {
    stop: async () => {
      stopping.stop();
      await running;
    },
  };
}

interface StopSignal {
  stopped(): boolean;
  /** Resolves when it is time to stop. */
  readonly asked: Promise<void>;
  stop(): void;
}

function stopSignal(): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  let stopped = false;
  const stop = () => {
    stopped = true;
    resolve();
  };
  return { stopped: () => stopped, asked: promise, stop };
}

async function sessions(options: ConsumerOptions, stopping: StopSignal): Promise<void> {
  let failures = 0;
  while (!stopping.stopped()) {
    try {
      await session(options, stopping, () => {
        failures = 0;
      });
    } catch (reason) {
      if (reason instanceof InvariantError) throw reason;
      options.events.broken(reason);
      failures += 1;
      await Promise.race([stopping.asked, pause(failures)]);
    }
  }
}

/** Joins the group and handles what comes, until it is time to stop or something breaks. */
async function session(
  options: ConsumerOptions,
  stopping: StopSignal,
  progressed: () => void,
): Promise<void> {
  const { kafka, topic, groupId, max, events } = options;
  const consumer = new Consumer({ ...clientOptions(kafka, "doorbuster"), groupId });
  consumer.on("consumer:group:join", () => events.assigned(partitionsOf(consumer, topic)));
  try {
    const stream = await consumer.consume({
      topics: [topic],
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      autocommit: false,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTime: fetchWaitMs,
      highWaterMark: max * prefetchBatches,
    });
    const commits = committer(consumer, topic);
    const ready = readiness(stream);
    try {
      while (!stopping.stopped()) {
        commits.check();
        const batch = take(stream, max, partitionsOf(consumer, topic));
        if (batch.length === 0) {
          await Promise.race([ready.more(), stopping.asked]);
          continue;
        }
        if (!(await handle(options, batch.map(loggedOrder), stopping))) break;
        commits.add(batch);
        progressed();
      }
      await commits.flushed();
    } finally {
      ready.close();
      await stream.close().catch(() => undefined);
    }
  } finally {
    await consumer.close(true).catch(() => undefined);
  }
}

type OrderStream = Awaited<ReturnType<Consumer["consume"]>>;
type Delivered = Received & { readonly leaderEpoch: number };

function partitionsOf(consumer: Consumer, topic: string): readonly number[] {
  return consumer.assignments?.find((one) => one.topic === topic)?.partitions ?? [];
}

/** What has been read ahead, less what belongs to somebody else by now. */
function take(stream: OrderStream, max: number, partitions: readonly number[]): Delivered[] {
  const batch: Delivered[] = [];
  while (batch.length < max) {
    const message: Delivered | null = stream.read();
    if (message === null) break;
    if (partitions.includes(message.partition)) batch.push(message);
  }
  return batch;
}

/** False if it was time to stop before the handler resolved. */
async function handle(
  { handler }: ConsumerOptions,
  batch: readonly LoggedOrder[],
  stopping: StopSignal,
): Promise<boolean> {
  for (let failures = 1; ; failures += 1) {
    try {
      await handler(batch);
      return true;
    } catch (reason) {
      if (reason instanceof InvariantError) throw reason;
      if (stopping.stopped()) return false;
      await Promise.race([stopping.asked, pause(failures)]);
    }
  }
}

/** Commits positions, one commit at a time; what is handled meanwhile shares the next. */
function committer(consumer: Consumer, topic: string) {
  let waiting = new Map<number, Delivered>();
  let running: Promise<void> | null = null;
  let broken: { readonly reason: unknown } | null = null;

  function add(batch: readonly Delivered[]): void {
    for (const message of batch) waiting.set(message.partition, message);
    running ??= run();
  }

  async function run(): Promise<void> {
    try {
      while (waiting.size > 0) {
        const done = [...waiting.values()];
        waiting = new Map();
        await consumer.commit({ offsets: done.map((message) => positionAfter(message, topic)) });
      }
    } catch (reason) {
      broken = { reason };
    } finally {
      running = null;
    }
  }

  function check(): void {
    if (broken !== null) throw broken.reason;
  }

  async function flushed(): Promise<void> {
    await running;
    check();
  }

  return { add, check, flushed };
}

function positionAfter({ partition, offset, leaderEpoch }: Delivered, topic: string) {
  return { topic, partition, offset: offset + 1n, leaderEpoch };
}

/** Tells when there is more to read, or why there never will be. */
function readiness(stream: OrderStream) {
  let next = Promise.withResolvers<void>();
  let ended: { readonly reason: unknown } | null = null;

  function onReadable(): void {
    next.resolve();
    next = Promise.withResolvers();
  }

  function end(reason: unknown): void {
    ended ??= { reason };
    onReadable();
  }

  const onEnd = () => end(new Error("the stream of messages ended"));
  stream.on("readable", onReadable);
  stream.on("error", end);
  stream.on("close", onEnd);

  async function more(): Promise<void> {
    if (ended === null) await next.promise;
    if (ended !== null) throw ended.reason;
  }

  /** The error handler stays: an error that comes late must not end the process. */
  function close(): void {
    stream.off("readable", onReadable);
  }

  return { more, close };
}

function pause(failures: number): Promise<void> {
  return Bun.sleep(Math.min(retryAfterMs.first * 2 ** (failures - 1), retryAfterMs.most));
}
