/** What doctor finds out about a group that is to consume the order log. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { kafkaFindings } from "../../src/adapters/kafka/findings.ts";
import { type KafkaLog, kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import type { Finding } from "../../src/lib/finding.ts";
import { reservation } from "../support/builders.ts";
import { quietEvents, type TestTopics, testTopics } from "../support/kafka-topics.ts";
import { kafkaBroker } from "../support/services.ts";
import { untilAsync } from "../support/until.ts";

setDefaultTimeout(60_000);

let topics: TestTopics;
let log: KafkaLog;

beforeEach(async () => {
  topics = await testTopics(kafkaBroker, { partitions: 1 });
  log = kafkaOrderLog(topics.connection, quietEvents());
});
afterEach(async () => {
  await log.close();
  await topics.remove();
});

async function consumption(): Promise<Finding | undefined> {
  const plan = { ...topics.connection, partitions: 1, replication: 1 };
  const findings = await kafkaFindings(plan, "g");
  return findings.find(({ check }) => check === "kafka consumption");
}

test("a log that nobody has to consume is fine, and so is one that is consumed", async () => {
  expect(await consumption()).toMatchObject({ status: "ok" });
  await log.append([reservation({})]);
  expect(await consumption()).toMatchObject({ status: "ok", detail: expect.stringMatching(/^1 /) });
  const subscription = log.subscribe("g", 1, async () => undefined);
  await log.reached("g", await log.end());
  await subscription.stop();
  expect(await consumption()).toMatchObject({ status: "ok" });
});

test("orders that wait for long are told, with how many consumers there are", async () => {
  await log.append([reservation({})]);
  await untilAsync(async () => (await consumption())?.status === "warn");
  expect((await consumption())?.detail).toEndWith("g: 0");
});

test("a position that the log does not have must be mended", async () => {
  await log.append([reservation({})]);
  await topics.setPosition("g", 17);
  const found = await consumption();
  expect(found).toMatchObject({ status: "fail" });
  expect(found?.detail).toContain("partition 0 is at 17, the log has 0 to 1");
});
