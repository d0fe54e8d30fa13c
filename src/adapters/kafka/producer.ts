/** Writes to Kafka: idempotent, acknowledged by all in-sync replicas, one send in flight. Several
 * in flight would let the broker see sequence numbers out of order; batches make up for it. A
 * producer that failed is thrown away, because its sequence numbers may be off. */
import { ProduceAcks, Producer } from "@platformatic/kafka";
import { limits } from "../../domain/limits.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import type { Message } from "./message.ts";
import { clientOptions, type KafkaOptions } from "./topics.ts";

export interface OrderProducer {
  /** Resolved: written for good. Rejected: not known, for `appendDeadlineMs` at most; a broker that
   * hangs with the messages in its socket may still write them later, which costs a duplicate, or
   * a refusal if the stock was rebuilt meanwhile. */
  send(messages: readonly Message[]): Promise<void>;
  /** Why the last send failed, or null. */
  failure(): string | null;
  close(): Promise<void>;
}

export function orderProducer(options: KafkaOptions): OrderProducer {
  let producer: Producer | null = null;
  let last: Promise<unknown> = Promise.resolve();
  let failing: string | null = null;
  let waiting = 0;

  async function send(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    if (waiting >= sendsMax) throw new ServiceUnavailable("Kafka: too many sends are waiting");
    const deadline = performance.now() + limits.appendDeadlineMs;
    const before = last;
    const mine = (async () => {
      await before.catch(() => undefined);
      await sendNow(messages, deadline - performance.now());
    })();
    last = mine;
    waiting += 1;
    await mine.finally(() => {
      waiting -= 1;
    });
  }

  async function sendNow(messages: readonly Message[], leftMs: number): Promise<void> {
    if (leftMs <= 0) throw new ServiceUnavailable("Kafka: no answer in time");
    producer ??= new Producer({
      ...clientOptions(options, "doorbuster"),
      idempotent: true,
      acks: ProduceAcks.ALL,
    });
    try {
      await within(leftMs, producer.send({ messages: [...messages] }));
      failing = null;
    } catch (reason) {
      discard();
      failing = `Kafka: ${reason instanceof Error ? reason.message : String(reason)}`;
      throw new ServiceUnavailable(failing, { cause: reason });
    }
  }

  function discard(): void {
    const old = producer;
    producer = null;
    old?.close(true).catch(() => undefined);
  }

  async function close(): Promise<void> {
    await last.catch(() => undefined);
    await producer?.close(true).catch(() => undefined);
    producer = null;
  }

  return { send, failure: () => failing, close };
}

/** Sends that may wait for the one in flight. */
const sendsMax = 1_000;

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${Math.round(ms)} ms`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
