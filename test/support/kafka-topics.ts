/** Topics of a test's own on a real broker, and what an operator's tools would do with them. */
import { Admin, Producer } from "@platformatic/kafka";
import type { KafkaConnection, KafkaEvents } from "../../src/adapters/kafka/connection.ts";
import { migrateTopics, removeTopics, type TopicsPlan } from "../../src/adapters/kafka/topics.ts";

export interface TestTopics {
  readonly connection: KafkaConnection;
  /** Writes bytes as they are. */
  write(
    key: string,
    value: string | Buffer,
    headers?: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** Puts a group that has no members at an offset of the first partition. */
  setPosition(group: string, offset: number): Promise<void>;
  /** Deletes them. */
  remove(): Promise<void>;
}

export async function testTopics(broker: string, wanted?: Partial<TopicsPlan>) {
  const prefix = `test-${crypto.randomUUID()}.`;
  const connection = { brokers: [broker], prefix };
  await migrateTopics({ ...connection, partitions: 3, replication: 1, ...wanted });
  const place = { clientId: "test", bootstrapBrokers: [broker] };

  async function write(key: string, value: string | Buffer, headers = {}): Promise<void> {
    const producer = new Producer<string, string | Buffer, string, string>({
      ...place,
      serializers: { key: toBytes, value: toBytes, headerKey: toBytes, headerValue: toBytes },
    });
    await producer.send({ messages: [{ topic: `${prefix}orders`, key, value, headers }] });
    await producer.close();
  }

  async function setPosition(group: string, offset: number): Promise<void> {
    const admin = new Admin(place);
    const partitionOffsets = [{ partition: 0, offset: BigInt(offset) }];
    const position = [{ name: `${prefix}orders`, partitionOffsets }];
    await admin.alterConsumerGroupOffsets({ groupId: `${prefix}${group}`, topics: position });
    await admin.close();
  }

  return {
    connection,
    write,
    setPosition,
    remove: () => removeTopics(connection),
  } satisfies TestTopics;
}

function toBytes(text: string | Buffer | undefined): Buffer | undefined {
  return typeof text === "string" ? Buffer.from(text) : text;
}

/** Hears nothing, unless told to. */
export function quietEvents(heard: Partial<KafkaEvents> = {}): KafkaEvents {
  const ignore = () => {};
  const silence = { trouble: ignore, alarm: ignore, reconnected: ignore };
  return { ...silence, redelivered: ignore, assigned: ignore, ...heard };
}
