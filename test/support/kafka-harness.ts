/** An order log on the real Kafka, on topics of its own. */
import { Admin } from "@platformatic/kafka";
import { type KafkaLog, kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import { clientOptions, migrateTopics, topicNames } from "../../src/adapters/kafka/topics.ts";
import { kafkaBroker } from "./services.ts";

export interface KafkaHarness {
  readonly log: KafkaLog;
  readonly prefix: string;
  /** Reasons for which a session of a consumer broke. */
  readonly broken: unknown[];
  /** The partitions that each assignment gave. */
  readonly assigned: (readonly number[])[];
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export async function kafkaHarness(broker = kafkaBroker, partitions = 3): Promise<KafkaHarness> {
  const prefix = `test-${crypto.randomUUID()}.`;
  const options = { brokers: [broker], prefix };
  await migrateTopics({ ...options, partitions, replication: 1 });
  const broken: unknown[] = [];
  const assigned: (readonly number[])[] = [];
  const open = () =>
    kafkaOrderLog(options, {
      broken: (reason) => void broken.push(reason),
      assigned: (given) => void assigned.push(given),
    });
  let log = open();

  return {
    get log() {
      return log;
    },
    prefix,
    broken,
    assigned,
    reopen: async () => {
      await log.close();
      log = open();
    },
    close: async () => {
      await log.close();
      const names = topicNames(prefix);
      const admin = new Admin(clientOptions(options, "doorbuster-test"));
      await admin.deleteTopics({ topics: [names.orders, names.deadLetters] });
      await admin.close();
    },
  };
}
