// Messages that nobody should write, in the order log of a whole engine on real services: each ends
// as an order or as a dead letter, and the orders beside them are placed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { ProduceAcks, Producer } from "@platformatic/kafka";
import fc from "fast-check";
import { auditHolds, buy, openLargeSale, placed } from "../../scripts/support/shop.ts";
import { topicNames } from "../../src/adapters/kafka/names.ts";
import { kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import { OrderMessage } from "../../src/adapters/kafka/order-message.ts";
import { adminToken } from "../../src/cli/connection.ts";
import { signToken } from "../../src/cli/sign-token.ts";
import { instant } from "../../src/domain/ids.ts";
import type { DeadLetter } from "../../src/ports/order-log.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { anyMessage, type RawMessage, valid } from "../support/broken-messages.ts";
import { type TestCluster, testCluster } from "../support/cluster.ts";
import { type Serving, serving } from "../support/doorbuster-process.ts";
import { fuzzTest } from "../support/fuzz.ts";
import { quietEvents } from "../support/kafka-topics.ts";
import { kafkaBroker } from "../support/services.ts";
import { tempDir } from "../support/temp-dir.ts";

const lettersMax = 1_000;
const processLivesMs = 3_600_000;
const deadlineMs = 120_000;

let cluster: TestCluster;
let engine: Serving;
let producer: Producer<Buffer, Buffer, Buffer, Buffer>;
let log: ReturnType<typeof kafkaOrderLog>;
let shop: { readonly sale: string; readonly buyer: string; readonly admin: string };

beforeAll(async () => {
  cluster = await testCluster();
  const { config, env } = cluster;
  engine = await serving([], { cwd: tempDir(), env, deadlineMs: processLivesMs });
  const admin = adminToken({ ...config.auth });
  const buyer = signToken(config.auth, { sub: "witness", scope: "buy" }, 3_600).token;
  // Messages that are understood are about the first sale, and change its books.
  await openLargeSale(engine.url, admin);
  shop = { sale: (await openLargeSale(engine.url, admin)).id, buyer, admin };
  producer = new Producer({ clientId: "fuzz", bootstrapBrokers: [kafkaBroker] });
  log = kafkaOrderLog({ brokers: [kafkaBroker], prefix: config.kafka.prefix }, quietEvents());
}, deadlineMs);

afterAll(async () => {
  await producer.close();
  await log.close();
  const { exitCode, stderr } = await engine.stop();
  await cluster.remove();
  expect([exitCode, /stack|uncaught|fatal/i.exec(stderr)]).toEqual([0, null]);
}, deadlineMs);

describe("messages that make no sense in the order log", () => {
  const few = fc.array(anyMessage, { minLength: 5, maxLength: 30 });
  fuzzTest("hold up nothing", { runs: 8 }, few, (messages) => expectBuried(messages));

  test(
    "are buried even if they are as large as the broker allows",
    async () => {
      const sizes = [1_000_000, 1_048_000, 1_048_300, 1_048_450];
      const value = (size: number) => randomBytes(size);
      await expectBuried(sizes.map((size) => ({ ...valid, value: value(size), headers: [] })));
    },
    deadlineMs,
  );

  test(
    "are buried even if they were larger before they were compressed",
    async () => {
      const value = Buffer.alloc(6_000_000, "x");
      await expectBuried([{ ...valid, value, headers: [] }], "gzip");
    },
    deadlineMs,
  );

  test(
    "leave the books in order",
    async () => {
      expect(await auditHolds(engine.url, shop.admin, shop.sale)).toBe(true);
    },
    deadlineMs,
  );
});

/** Writes them, an order of a buyer's among them, and waits until all are consumed. */
async function expectBuried(messages: readonly RawMessage[], compression?: "gzip"): Promise<void> {
  const before = (await log.deadLetters(lettersMax)).length;
  await write(messages, compression);
  const { id } = await buy(engine.url, shop.buyer, shop.sale);
  await log.reached(ordersGroup, await log.end());
  await placed(engine.url, shop.buyer, id);
  const letters = await log.deadLetters(lettersMax);
  const fresh = letters.slice(0, Math.max(0, letters.length - before));
  if (before + messages.length > lettersMax) return;
  expect(fresh.map(rawOf).sort()).toEqual(messages.filter(isPoison).map(textOf).sort());
  expect(fresh.every(({ reason }) => reason !== "")).toBe(true);
}

async function write(messages: readonly RawMessage[], compression: "gzip" | "none" = "none") {
  const { orders } = topicNames(cluster.config.kafka.prefix);
  for (const { key, value, headers } of messages) {
    const named = headers.flatMap(([name, text]) => {
      return name === null || text === null ? [] : [[name, text] as const];
    });
    const message = { topic: orders, key: key ?? undefined, value: value ?? undefined };
    const all = [{ ...message, headers: new Map(named) }];
    await producer.send({ messages: all as never, compression, acks: ProduceAcks.ALL });
  }
}

function isPoison(raw: RawMessage): boolean {
  return (
    new OrderMessage({ ...raw, partition: 0, offset: 0, producedAt: instant(1) }).order === null
  );
}

/** The beginning tells enough. */
const textOf = ({ value }: RawMessage) => (value?.toString() ?? "").slice(0, 500);
const rawOf = ({ raw }: DeadLetter) => raw.slice(0, 500);
