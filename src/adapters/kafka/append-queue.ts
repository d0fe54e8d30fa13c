/** What waits to be written: one send is in flight, what arrives meanwhile forms the next one. Each
 *  append has a deadline. Until then it is tried again and again; afterwards its messages are given
 *  up, if need be by cutting the connection that they are on, together with the send they are in;
 *  the others in that send are sent again. */
import { limits } from "../../domain/limits.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { whyOf } from "./connection.ts";
import type { Outgoing, Sender } from "./sender.ts";
import { backOffMs } from "./wake-up.ts";

export interface AppendQueue {
  /** Resolved means durable. Throws `ServiceUnavailable` at the deadline, or at once if too many
   * wait. */
  append(messages: readonly Outgoing[]): Promise<void>;
  /** Waits for what was appended, until its deadline at most; then nothing can be appended. */
  close(): Promise<void>;
}

export interface AppendQueueOptions {
  readonly open: () => Sender;
  readonly trouble: (reason: unknown) => void;
  readonly recovered: () => void;
}

interface Append {
  left: number;
  open: boolean;
  readonly deadline: number;
  readonly settle: (reason: Error | null) => void;
}

interface Entry {
  readonly message: Outgoing;
  readonly append: Append;
}

/** A record batch must stay below the brokers' `message.max.bytes`, by default 1 MiB. */
const sendMaxBytes = 900_000;
const retryAfterMs = { first: 50, most: 400 };
/** What has less time left is not sent any more: after an outage the deadlines of what waits follow
 * one another closely, and each of them would cut the send that the others are in. */
const leastTimeLeftMs = 1_000;

export function appendQueue(options: AppendQueueOptions): AppendQueue {
  /** Some of it may be given up; that is looked at when it is taken. */
  let queue: Entry[] = [];
  /** Messages in the queue and in flight that are not given up. */
  let waiting = 0;
  let inFlight: readonly Entry[] = [];
  let sender: Sender | null = null;
  let running: Promise<void> | null = null;
  let lastTrouble: unknown = null;
  let closed = false;

  async function append(messages: readonly Outgoing[]): Promise<void> {
    if (messages.length === 0) return;
    if (closed) throw new ServiceUnavailable("Kafka: the order log is closed");
    if (waiting + messages.length > limits.appendQueueMax) {
      throw new ServiceUnavailable("Kafka: too many orders wait to be appended");
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => giveUp(entry), limits.appendDeadlineMs);
    const entry: Append = {
      left: messages.length,
      open: true,
      deadline: performance.now() + limits.appendDeadlineMs,
      settle: (reason) => {
        entry.open = false;
        waiting -= messages.length;
        clearTimeout(timer);
        if (reason === null) resolve();
        else reject(reason);
      },
    };
    waiting += messages.length;
    for (const message of messages) queue.push({ message, append: entry });
    start();
    await promise;
  }

  function giveUp(append: Append): void {
    const why = lastTrouble === null ? "no answer" : whyOf(lastTrouble);
    const late = `no acknowledgement within ${limits.appendDeadlineMs} ms (${why})`;
    append.settle(new ServiceUnavailable(`Kafka: ${late}`));
    if (inFlight.some((entry) => entry.append === append)) sender?.abandon();
  }

  function start(): void {
    running ??= drain().finally(() => {
      running = null;
      if (queue.length > 0) start();
    });
  }

  async function drain(): Promise<void> {
    /** What is appended in one turn of the event loop goes together. */
    await new Promise(setImmediate);
    for (let failures = 0; queue.length > 0; ) {
      failures = (await sendNext()) ? 0 : failures + 1;
      if (failures > 0) await Bun.sleep(backOffMs(retryAfterMs, failures));
    }
  }

  async function sendNext(): Promise<boolean> {
    try {
      sender ??= options.open();
      await sender.connect();
      takeBatch();
      if (inFlight.length > 0) await sender.send(inFlight.map((entry) => entry.message));
      written();
      return true;
    } catch (reason) {
      failed(reason);
      return false;
    } finally {
      inFlight = [];
    }
  }

  function takeBatch(): void {
    const horizon = performance.now() + leastTimeLeftMs;
    for (const { append } of queue) {
      if (append.deadline >= horizon) break;
      if (append.open) giveUp(append);
    }
    queue = queue.filter(({ append }) => append.open);
    const count = fitting(queue);
    inFlight = queue.slice(0, count);
    queue = queue.slice(count);
  }

  function written(): void {
    for (const { append } of inFlight) {
      append.left -= 1;
      if (append.left === 0 && append.open) append.settle(null);
    }
    if (lastTrouble !== null) options.recovered();
    lastTrouble = null;
  }

  function failed(reason: unknown): void {
    if (lastTrouble === null) options.trouble(reason);
    lastTrouble = reason;
    sender?.abandon();
    sender = null;
    queue = [...inFlight, ...queue];
  }

  async function close(): Promise<void> {
    closed = true;
    await running;
    sender?.abandon();
  }

  return { append, close };
}

/** How many entries from the first on one send may take. */
function fitting(queue: readonly Entry[]): number {
  let bytes = 0;
  for (let count = 0; count < queue.length; count += 1) {
    bytes += queue[count]?.message.body.length ?? 0;
    if (count > 0 && (bytes > sendMaxBytes || count === limits.appendBatchMax)) return count;
  }
  return queue.length;
}
