/** What waits to be written: one send is in flight, what arrives meanwhile forms the next one. Each
 * append has a deadline. Until then it is tried again and again; afterwards its messages are given
 * up, if need be by cutting the connection that they are on, together with the send they are in;
 * the others in that send are sent again. */
import { limits } from "../../domain/limits.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { whyOf } from "./connection.ts";
import type { Sender } from "./sender.ts";
import type { Outgoing } from "./sequenced-batches.ts";
import { type Append, acknowledge, type Entry, waitingAppends } from "./waiting-appends.ts";
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
  /** Told at the first failure of an outage, and at its end. */
  readonly trouble: (reason: unknown) => void;
  readonly recovered: () => void;
}

const retryAfterMs = { first: 50, most: 400 };
/** What has less time left is not sent any more: after an outage the deadlines of what waits follow
 * one another closely, and each of them would cut the send that the others are in. */
const leastTimeLeftMs = 1_000;

export function appendQueue(options: AppendQueueOptions): AppendQueue {
  const waiting = waitingAppends(giveUp);
  let inFlight: readonly Entry[] = [];
  let sender: Sender | null = null;
  let running: Promise<void> | null = null;
  let lastTrouble: unknown = null;
  let closed = false;

  async function append(messages: readonly Outgoing[]): Promise<void> {
    if (messages.length === 0) return;
    if (closed) throw new ServiceUnavailable("Kafka: the order log is closed");
    const outcome = waiting.add(messages);
    running ??= drain();
    await outcome;
  }

  function giveUp(late: Append): void {
    late.settle(tooLate(lastTrouble));
    if (inFlight.some((entry) => entry.append === late)) sender?.abandon();
  }

  /** What is appended in one turn of the event loop goes together. */
  async function drain(): Promise<void> {
    await new Promise(setImmediate);
    for (let failures = 0; !waiting.isEmpty(); ) {
      failures = (await sendNext()) ? 0 : failures + 1;
      if (failures > 0) await Bun.sleep(backOffMs(retryAfterMs, failures));
    }
    running = null;
  }

  async function sendNext(): Promise<boolean> {
    try {
      sender ??= options.open();
      await sender.connect();
      inFlight = waiting.take(leastTimeLeftMs);
      if (inFlight.length > 0) await sender.send(inFlight.map(({ message }) => message));
      written();
      return true;
    } catch (reason) {
      failed(reason);
      return false;
    } finally {
      inFlight = [];
    }
  }

  function written(): void {
    acknowledge(inFlight);
    if (lastTrouble !== null) options.recovered();
    lastTrouble = null;
  }

  function failed(reason: unknown): void {
    if (lastTrouble === null) options.trouble(reason);
    lastTrouble = reason;
    sender?.abandon();
    sender = null;
    waiting.putBack(inFlight);
  }

  async function close(): Promise<void> {
    closed = true;
    await running;
    sender?.abandon();
  }

  return { append, close };
}

function tooLate(lastTrouble: unknown): ServiceUnavailable {
  const why = lastTrouble === null ? "no answer" : whyOf(lastTrouble);
  const what = `no acknowledgement within ${limits.appendDeadlineMs} ms`;
  return new ServiceUnavailable(`Kafka: ${what} (${why})`);
}
