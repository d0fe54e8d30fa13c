/** What the order log promises while its broker is killed, frozen and started again, and while
 *  consumers come and go. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { KafkaEvents } from "../../src/adapters/kafka/connection.ts";
import { type KafkaLog, kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import type { OrderId } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { LoggedOrder } from "../../src/ports/order-log.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { reservation } from "../support/builders.ts";
import { quietEvents, testTopics } from "../support/kafka-topics.ts";
import { type PrivateKafka, privateKafka } from "../support/private-kafka.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(120_000);

let kafka: PrivateKafka;
let open: KafkaLog[] = [];

beforeAll(async () => {
  kafka = await privateKafka();
});
afterAll(() => kafka.remove());
afterEach(async () => {
  kafka.thaw();
  await Promise.all(open.map((log) => log.close()));
  open = [];
});

function openLog(topics: { connection: Parameters<typeof kafkaOrderLog>[0] }, heard = {}) {
  const log = kafkaOrderLog(topics.connection, quietEvents(heard satisfies Partial<KafkaEvents>));
  open.push(log);
  return log;
}

/** Appends one order after the other, without waiting, until it is stopped. */
function appender(log: KafkaLog) {
  const acknowledged = new Set<OrderId>();
  const refused: { readonly reason: unknown; readonly tookMs: number }[] = [];
  const pending = new Set<Promise<void>>();
  let sequence = 0;
  const timer = setInterval(() => {
    const order = reservation({ sequence, buyer: `b${sequence % 50}`, key: `k${sequence}` });
    sequence += 1;
    const began = performance.now();
    const appended = log.append([order]).then(
      () => void acknowledged.add(order.orderId),
      (reason) => void refused.push({ reason, tookMs: performance.now() - began }),
    );
    pending.add(appended);
    appended.finally(() => pending.delete(appended));
  }, 5);

  async function stop(): Promise<void> {
    clearInterval(timer);
    await Promise.all(pending);
  }
  return { acknowledged, refused, stop };
}

/** Every order id that a handler saw, and how often. */
function witness() {
  const seen = new Map<OrderId, number>();
  const handler = async (batch: readonly LoggedOrder[]) => {
    for (const { orderId } of batch) {
      if (orderId !== null) seen.set(orderId, (seen.get(orderId) ?? 0) + 1);
    }
  };
  return { seen, handler };
}

test("a killed broker loses nothing acknowledged, and all goes on once it is back", async () => {
  const heard = { producer: 0, troubles: [] as string[] };
  const log = openLog(await testTopics(kafka.broker), {
    reconnected: (client: string) => {
      if (client === "producer") heard.producer += 1;
    },
    trouble: (what: string) => heard.troubles.push(what),
  });
  const { seen, handler } = witness();
  const subscription = log.subscribe("g", 100, handler);
  const { acknowledged, refused, stop } = appender(log);
  await until(() => acknowledged.size > 100 && seen.size > 100);
  await kafka.kill();
  await until(() => refused.length > 100);
  await until(() => log.failure() !== null && subscription.failure() !== null);
  await kafka.start();
  const back = performance.now();
  const [acknowledgedBefore, seenBefore] = [acknowledged.size, seen.size];
  await until(() => acknowledged.size > acknowledgedBefore);
  const producing = performance.now() - back;
  await until(() => seen.size > seenBefore);
  const consuming = performance.now() - back;
  await until(() => log.failure() === null && subscription.failure() === null);
  await stop();
  await log.reached("g", await log.end());
  await subscription.stop();
  console.log(
    `after the broker answered: first append ${producing.toFixed(0)} ms, ` +
      `first delivery ${consuming.toFixed(0)} ms`,
  );
  expect(acknowledged.difference(seen).size).toBe(0);
  expect(refused.every(({ reason }) => reason instanceof ServiceUnavailable)).toBe(true);
  expect(heard.producer).toBeGreaterThan(0);
  expect(heard.troubles.length).toBeLessThan(20);
});

test("appends to a frozen broker end at their deadline; the log works again after it", async () => {
  const log = openLog(await testTopics(kafka.broker));
  const { seen, handler } = witness();
  const subscription = log.subscribe("g", 100, handler);
  await log.append([reservation({ sequence: 1 })]);
  await until(() => seen.size === 1);
  kafka.freeze();
  const late = Array.from({ length: 50 }, (_, n) => reservation({ sequence: 100 + n }));
  const outcomes = await Promise.allSettled(late.map((order) => log.append([order])));
  expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
  kafka.thaw();
  const after = reservation({ sequence: 500 });
  await log.append([after]);
  await until(() => seen.has(after.orderId));
  await subscription.stop();
  const written = late.filter(({ orderId }) => seen.has(orderId)).length;
  console.log(`of ${late.length} orders given up, ${written} were written by the broker later`);
});

test("a log whose broker is away can be closed", async () => {
  const log = kafkaOrderLog((await testTopics(kafka.broker)).connection, quietEvents());
  await kafka.kill();
  const refused = await log.append([reservation({})]).catch((reason: unknown) => reason);
  expect(refused).toBeInstanceOf(ServiceUnavailable);
  await log.close();
  await kafka.start();
});

test("more than may wait are refused at once while the broker is away", async () => {
  const log = openLog(await testTopics(kafka.broker));
  await log.append([reservation({ sequence: 1 })]);
  kafka.freeze();
  const orders = Array.from({ length: limits.appendQueueMax }, (_, n) =>
    reservation({ sequence: n }),
  );
  const waiting = log.append(orders).catch((reason: unknown) => reason);
  await Bun.sleep(0);
  const tooMany = log.append(orders.slice(0, limits.appendBatchMax * 2));
  expect(tooMany).rejects.toThrow("too many");
  expect(await waiting).toBeInstanceOf(ServiceUnavailable);
  kafka.thaw();
});

test("consumers may come and go: everything is handled, nothing is skipped", async () => {
  const topics = await testTopics(kafka.broker, { partitions: 6 });
  const log = openLog(topics);
  const { seen, handler } = witness();
  const shares: Set<OrderId>[] = [];
  const join = () => {
    const share = new Set<OrderId>();
    shares.push(share);
    return openLog(topics).subscribe("g", 50, async (batch) => {
      for (const { orderId } of batch) if (orderId !== null) share.add(orderId);
      await handler(batch);
    });
  };
  const first = join();
  const { acknowledged, refused, stop } = appender(log);
  await until(() => seen.size > 50);
  const second = join();
  await until(() => (shares[1]?.size ?? 0) > 50);
  const third = join();
  await until(() => (shares[2]?.size ?? 0) > 50);
  await first.stop();
  const before = acknowledged.size;
  await until(() => acknowledged.size > before + 300);
  await third.stop();
  await stop();
  await log.reached("g", await log.end());
  await second.stop();
  expect(refused).toEqual([]);
  expect(acknowledged.difference(seen).size).toBe(0);
});

test("a consumer whose handler fails keeps its place in the group and delivers again", async () => {
  const redelivered: number[] = [];
  const log = openLog(await testTopics(kafka.broker), {
    redelivered: (messages: number) => redelivered.push(messages),
  });
  const orders = Array.from({ length: 20 }, (_, n) => reservation({ sequence: n }));
  await log.append(orders);
  const batches: number[] = [];
  const began = performance.now();
  const subscription = log.subscribe("g", 100, async (batch) => {
    batches.push(batch.length);
    if (performance.now() - began < 8_000) throw new Error("the ledger is away");
  });
  await log.reached("g", await log.end());
  await subscription.stop();
  expect(new Set(batches)).toEqual(new Set([20]));
  expect(redelivered.length).toBe(batches.length - 1);
});

test("a position that the log does not have stops the group and raises an alarm", async () => {
  const topics = await testTopics(kafka.broker, { partitions: 1 });
  const alarms: string[] = [];
  const log = openLog(topics, { alarm: (what: string) => alarms.push(what) });
  await log.append([reservation({ sequence: 1 })]);
  await topics.setPosition("g", 17);
  const { seen, handler } = witness();
  const subscription = log.subscribe("g", 100, handler);
  await until(() => alarms.length > 0);
  expect(log.failure()).toBeNull();
  expect(subscription.failure()).toContain("its position is not in the log");
  await subscription.stop();
  expect(alarms[0]).toContain("its position is not in the log");
  expect(seen.size).toBe(0);
});

test("an unreadable message is delivered as poison, with its order id if it has one", async () => {
  const topics = await testTopics(kafka.broker, { partitions: 1 });
  const log = openLog(topics);
  const order = reservation({ sequence: 7 });
  const { orderId } = order;
  await topics.write("a", "no JSON");
  await topics.write("a", "no JSON", { ce_id: orderId });
  await topics.write("a", JSON.stringify({ orderId, quantity: -1 }));
  await log.append([order]);
  const messages: LoggedOrder[] = [];
  const subscription = log.subscribe("g", 100, async (batch) => {
    messages.push(...batch);
  });
  await log.reached("g", await log.end());
  await subscription.stop();
  expect(messages.map((message) => message.orderId)).toEqual([null, orderId, orderId, orderId]);
  expect(messages.map((message) => message.order)).toEqual([null, null, null, order]);
  expect(messages[0]?.raw()).toBe("no JSON");
});

test("a message as large as the broker takes is buried, and holds up nothing", async () => {
  const topics = await testTopics(kafka.broker, { partitions: 1 });
  const log = openLog(topics);
  // No compressor makes it smaller.
  const value = randomBytes(1_048_450);
  await topics.write("a", value);
  const subscription = log.subscribe("g", 100, async (batch) => {
    for (const message of batch) await log.deadLetter(message, "too much");
  });
  await log.reached("g", await log.end());
  await subscription.stop();
  const letters = await log.deadLetters(9);
  expect(letters.map(({ raw, reason }) => [raw, reason])).toEqual([
    [value.subarray(0, 900_000).toString(), "too much"],
  ]);
});
