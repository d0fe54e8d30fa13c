/** Appends that wait or are in flight: a bounded queue of their messages, each append with a
 * deadline and one outcome. */
import { limits } from "../../domain/limits.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import type { Outgoing } from "./sequenced-batches.ts";

export interface Append {
  /** Messages that are not durable yet. */
  left: number;
  /** False once it has an outcome. */
  open: boolean;
  readonly deadline: number;
  settle(reason: Error | null): void;
}

export interface Entry {
  readonly message: Outgoing;
  readonly append: Append;
}

export interface WaitingAppends {
  /** Resolves, or rejects, with the outcome. Throws `ServiceUnavailable` if too many wait. */
  add(messages: readonly Outgoing[]): Promise<void>;
  isEmpty(): boolean;
  /** The next messages for one send, none of them due within `leastMs`: what is, is given up. */
  take(leastMs: number): readonly Entry[];
  /** Puts what was not written before all others, and forgets what was given up meanwhile, of which
   * there is more and more while nothing can be taken. */
  putBack(entries: readonly Entry[]): void;
}

/** A record batch must stay below the brokers' `message.max.bytes`, by default 1 MiB. */
const sendMaxBytes = 900_000;

/** `late` is called when an append's time is up, and must give it an outcome. */
export function waitingAppends(late: (append: Append) => void): WaitingAppends {
  let queue: Entry[] = [];
  let open = 0;

  function add(messages: readonly Outgoing[]): Promise<void> {
    if (open + messages.length > limits.appendQueueMax) {
      throw new ServiceUnavailable("Kafka: too many orders wait to be appended");
    }
    open += messages.length;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => late(append), limits.appendDeadlineMs);
      const append: Append = {
        left: messages.length,
        open: true,
        deadline: performance.now() + limits.appendDeadlineMs,
        settle: (reason) => {
          append.open = false;
          open -= messages.length;
          clearTimeout(timer);
          if (reason === null) resolve();
          else reject(reason);
        },
      };
      for (const message of messages) queue.push({ message, append });
    });
  }

  function take(leastMs: number): readonly Entry[] {
    const horizon = performance.now() + leastMs;
    for (const { append } of queue) {
      if (append.deadline >= horizon) break;
      if (append.open) late(append);
    }
    queue = queue.filter(({ append }) => append.open);
    const count = fitting(queue);
    const taken = queue.slice(0, count);
    queue = queue.slice(count);
    return taken;
  }

  return {
    add,
    isEmpty: () => queue.length === 0,
    take,
    putBack: (entries) => {
      queue = [...entries, ...queue].filter(({ append }) => append.open);
    },
  };
}

/** The messages are durable; an append is, once all of its messages are. */
export function acknowledge(entries: readonly Entry[]): void {
  for (const { append } of entries) {
    append.left -= 1;
    if (append.left === 0 && append.open) append.settle(null);
  }
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
