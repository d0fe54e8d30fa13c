/** The order log's contract on a real Kafka. */
import { kafkaHarness } from "../support/kafka-harness.ts";
import { orderLogContract } from "./order-log.ts";

orderLogContract("Kafka", async () => {
  const harness = await kafkaHarness();
  return {
    get log() {
      return harness.log;
    },
    pass: (ms) => Bun.sleep(Math.min(ms, 400)),
    now: () => Date.now(),
    trims: false,
    reopen: harness.reopen,
    close: harness.close,
  };
});
