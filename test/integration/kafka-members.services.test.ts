/** What a subscriber does when its group forgets it, as it does with one that was starved or
 * suspended for too long. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { partitionOf } from "../../src/adapters/kafka/murmur2.ts";
import { type KafkaLog, kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import type { OrderId } from "../../src/domain/ids.ts";
import { reservation } from "../support/builders.ts";
import { forgetMembers, slowMember } from "../support/kafka-members.ts";
import { quietEvents, type TestTopics, testTopics } from "../support/kafka-topics.ts";
import { kafkaBroker } from "../support/services.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(60_000);

const partitions = 4;
let topics: TestTopics;
let log: KafkaLog;
let assigned: readonly number[] = [];

beforeEach(async () => {
  topics = await testTopics(kafkaBroker, { partitions });
  const heard = (now: readonly number[]) => {
    assigned = now;
  };
  log = kafkaOrderLog(topics.connection, quietEvents({ assigned: heard }));
});
afterEach(async () => {
  await log.close();
  await topics.remove();
});

test("what was handled while the group had forgotten the subscriber is handled again", async () => {
  const { prefix } = topics.connection;
  const seen = new Map<OrderId | null, number>();
  const handling = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  const subscription = log.subscribe("g", 1, async ([message]) => {
    const first = seen.size === 0;
    const orderId = message?.orderId ?? null;
    seen.set(orderId, (seen.get(orderId) ?? 0) + 1);
    // The first is handled, but its position not committed; the second is being handled meanwhile.
    if (first) return await forgetMembers(kafkaBroker, `${prefix}g`);
    handling.resolve();
    await free.promise;
  });
  await until(() => assigned.length === partitions);
  const slow = await slowMember(kafkaBroker, `${prefix}g`, `${prefix}orders`);
  await until(() => assigned.length === 2 && slow.partitions() === 2);
  const generation = slow.generation();
  const orders = assigned.map(orderIn);
  await log.append(orders);
  await handling.promise;
  await slow.settled(generation);
  free.resolve();
  await log.reached("g", await log.end());
  await slow.leave();
  await subscription.stop();
  expect([...seen.keys()].sort()).toEqual(orders.map(({ orderId }) => orderId).sort());
  expect(Math.min(...seen.values())).toBe(2);
});

/** An order of some buyer whose orders are in this partition. */
function orderIn(partition: number) {
  const sequence = Array.from({ length: 1_000 }, (_, at) => at).find(
    (at) => partitionOf(Buffer.from(`b${at}`), partitions) === partition,
  );
  return reservation({ sequence: sequence ?? 0, buyer: `b${sequence}` });
}
