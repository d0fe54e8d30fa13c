/** The order log's contract on a real Kafka broker. */
import { setDefaultTimeout } from "bun:test";
import { kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import { instant } from "../../src/domain/ids.ts";
import { quietEvents, testTopics } from "../support/kafka-topics.ts";
import { kafkaBroker } from "../support/services.ts";
import { orderLogContract } from "./order-log.ts";

setDefaultTimeout(30_000);

orderLogContract("kafka", async () => {
  const topics = await testTopics(kafkaBroker);
  let log = kafkaOrderLog(topics.connection, quietEvents());
  return {
    get log() {
      return log;
    },
    now: () => instant(Date.now()),
    clockToleranceMs: 400,
    passTime: (ms) => Bun.sleep(ms),
    trims: false,
    reopen: async () => {
      await log.close();
      log = kafkaOrderLog(topics.connection, quietEvents());
    },
    close: async () => {
      await log.close();
      await topics.remove();
    },
  };
});
