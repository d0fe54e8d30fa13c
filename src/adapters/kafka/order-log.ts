/** The order log on Kafka: a topic keyed by buyer, so that one buyer's orders keep their order and
 * no sale is bound to one partition. */
import type { OrderLog } from "../../ports/order-log.ts";
import { type ConsumerEvents, consumeTopic } from "./consumer.ts";
import { deadLetterTopic } from "./dead-letters.ts";
import { messageOf } from "./message.ts";
import { logPositions } from "./positions.ts";
import { orderProducer } from "./producer.ts";
import { type KafkaOptions, topicNames } from "./topics.ts";

export interface KafkaLog extends OrderLog {
  /** Why the last append failed, or null. */
  failure(): string | null;
  close(): Promise<void>;
}

export function kafkaOrderLog(options: KafkaOptions, events: ConsumerEvents): KafkaLog {
  const names = topicNames(options.prefix);
  const producer = orderProducer(options);
  const positions = logPositions(options, names.orders);

  const subscribe: OrderLog["subscribe"] = (group, max, handler) => {
    const groupId = `${options.prefix}${group}`;
    return consumeTopic({ kafka: options, topic: names.orders, groupId, max, handler, events });
  };

  return {
    append: (orders) => producer.send(orders.map((order) => messageOf(names.orders, order))),
    subscribe,
    lag: positions.lag,
    end: positions.end,
    reached: positions.reached,
    // Retention does it.
    trim: async () => 0,
    ...deadLetterTopic(options, names, producer),
    failure: producer.failure,
    close: async () => {
      await Promise.all([producer.close(), positions.close()]);
    },
  };
}
