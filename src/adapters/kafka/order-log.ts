/** The order log on Kafka: one topic, keyed by buyer, so that a buyer's orders keep their order and
 * no sale is bound to one partition. Connects when first used, and again after every outage. */
import { Admin } from "@platformatic/kafka";
import type { OrderLog } from "../../ports/order-log.ts";
import { type AppendQueue, appendQueue } from "./append-queue.ts";
import { clientOptions, type KafkaConnection, type KafkaEvents } from "./connection.ts";
import { deadLetters } from "./dead-letters.ts";
import { groupConsumer } from "./group-consumer.ts";
import { logPositions } from "./log-positions.ts";
import { groupName, topicNames } from "./names.ts";
import { encodeOrder } from "./order-message.ts";
import { watchReachability } from "./reachability.ts";
import { openSender } from "./sender.ts";

export interface KafkaLog extends OrderLog {
  /** Why the log cannot be used now, or null. */
  failure(): string | null;
  /** Call it when the subscriptions have stopped. Waits for appends, until their deadline. */
  close(): Promise<void>;
}

export function kafkaOrderLog(connection: KafkaConnection, events: KafkaEvents): KafkaLog {
  const { prefix } = connection;
  const topics = topicNames(prefix);
  const admin = new Admin(clientOptions(connection));
  const queue = producerQueue(connection, events);
  const positions = logPositions(admin, topics.orders);
  const reachability = watchReachability(connection, topics.orders);

  const append: OrderLog["append"] = (orders) =>
    queue.append(
      orders.map((order) => {
        return { topic: topics.orders, key: Buffer.from(order.buyerId), body: encodeOrder(order) };
      }),
    );

  const subscribe: OrderLog["subscribe"] = (group, max, handler) => {
    const place = { connection, events, topic: topics.orders };
    return groupConsumer({ ...place, group: groupName(prefix, group), max, handler });
  };

  async function close(): Promise<void> {
    await queue.close();
    await Promise.allSettled([reachability.close(), admin.close()]);
  }

  return {
    append,
    subscribe,
    lag: (group) => positions.lag(groupName(prefix, group)),
    end: positions.end,
    reached: (group, end) => positions.reached(groupName(prefix, group), end),
    trim: async () => 0,
    ...deadLetters({ connection, admin, topics, queue }),
    failure: reachability.failure,
    close,
  };
}

function producerQueue(connection: KafkaConnection, events: KafkaEvents): AppendQueue {
  return appendQueue({
    open: () => openSender(connection),
    trouble: (reason) => events.trouble("orders cannot be appended; trying again", reason),
    recovered: () => events.reconnected("producer"),
  });
}
