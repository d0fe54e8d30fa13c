/** The order log over encrypted ways, and with logins, to a broker that asks for them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { KafkaConnection } from "../../src/adapters/kafka/connection.ts";
import { kafkaFindings } from "../../src/adapters/kafka/findings.ts";
import { type KafkaLog, kafkaOrderLog } from "../../src/adapters/kafka/order-log.ts";
import type { OrderId } from "../../src/domain/ids.ts";
import type { Tls } from "../../src/lib/tls.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { reservation } from "../support/builders.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { quietEvents, testTopics } from "../support/kafka-topics.ts";
import { login, loginMs, type SecuredKafka, securedKafka } from "../support/secured-kafka.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(60_000);

let kafka: SecuredKafka;
let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
  kafka = await securedKafka(certificates);
});
afterAll(() => kafka.remove());

/** A way to topics that are made by the open one. */
async function way(broker: string, how: Partial<KafkaConnection> = {}): Promise<KafkaConnection> {
  const { prefix } = (await testTopics(kafka.broker)).connection;
  return { brokers: [broker.replace("127.0.0.1", "localhost")], prefix, ...how };
}

function tls(over: Partial<Tls> = {}): { tls: Tls } {
  return { tls: { enabled: true, ca: certificates.ca, cert: null, key: null, ...over } };
}

async function using(connection: KafkaConnection, use: (log: KafkaLog) => Promise<void>) {
  const log = kafkaOrderLog(connection, quietEvents());
  try {
    await use(log);
  } finally {
    await log.close();
  }
}

/** An order there and back: produced, fetched, committed, looked at. */
async function roundTrip(connection: KafkaConnection): Promise<void> {
  await using(connection, async (log) => {
    const order = reservation({ sequence: 1 });
    await log.append([order]);
    const seen: (OrderId | null)[] = [];
    const subscription = log.subscribe("g", 10, async (batch) => {
      seen.push(...batch.map(({ orderId }) => orderId));
    });
    await log.reached("g", await log.end());
    await until(() => log.failure() === null);
    await subscription.stop();
    expect(seen).toEqual([order.orderId]);
    expect(await log.deadLetters(1)).toEqual([]);
  });
}

describe("orders go there and back", () => {
  test("on an encrypted way", async () => await roundTrip(await way(kafka.tls, tls())));

  test("with a certificate that we show", async () => {
    const { cert, key } = certificates.client;
    await roundTrip(await way(kafka.mutual, tls({ cert, key })));
  });

  test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const)("logged in by %s", async (m) => {
    await roundTrip(await way(kafka.sasl, { ...tls(), sasl: { mechanism: m, ...login } }));
  });
});

test("logins are renewed while orders flow", async () => {
  const sasl = { mechanism: "SCRAM-SHA-512", ...login } as const;
  await using(await way(kafka.sasl, { ...tls(), sasl }), async (log) => {
    const seen = new Set<OrderId | null>();
    const subscription = log.subscribe("g", 100, async (batch) => {
      for (const { orderId } of batch) seen.add(orderId);
    });
    const end = performance.now() + 3 * loginMs;
    let sequence = 0;
    for (; performance.now() < end; sequence += 1) {
      await log.append([reservation({ sequence, buyer: `b${sequence}` })]);
      await Bun.sleep(2);
    }
    await log.reached("g", await log.end());
    await subscription.stop();
    expect(seen.size).toBe(sequence);
  });
});

test("appends to a frozen broker end at their deadline; the log works again after it", async () => {
  await using(await way(kafka.tls, tls()), async (log) => {
    await log.append([reservation({ sequence: 1 })]);
    kafka.freeze();
    const late = await log.append([reservation({ sequence: 2 })]).catch((reason) => reason);
    kafka.thaw();
    expect(late).toBeInstanceOf(ServiceUnavailable);
    await log.append([reservation({ sequence: 3 })]);
  });
});

const wrong: Readonly<Record<string, [string, () => Promise<KafkaConnection>]>> = {
  "an authority that we do not know": ["unable to verify", () => way(kafka.tls, tls({ ca: null }))],
  "a certificate for another host": ["does not match", () => way(kafka.elsewhere, tls())],
  "no encryption": ["Broker requires TLS", () => way(kafka.tls)],
  "encryption of an open way": ["broker supports TLS", () => way(kafka.broker, tls())],
  "no certificate of ours": ["Connection closed", () => way(kafka.mutual, tls())],
  "no login": ["Connection closed", () => way(kafka.sasl, tls())],
  "a wrong password": ["SASL authentication failed", () => mistaken("SCRAM-SHA-256")],
  "a wrong password in the clear": ["SASL authentication failed", () => mistaken("PLAIN")],
};

test.each(Object.entries(wrong))("%s is told by readiness and by doctor", async (_, [why, how]) => {
  const connection = await how();
  const [finding] = await kafkaFindings({ ...connection, partitions: 3, replication: 1 }, "g");
  expect(finding).toMatchObject({ check: "kafka", status: "fail" });
  expect(finding?.detail).toContain(why);
  expect(finding?.help).toContain("kafka.tls or kafka.sasl");
  await using(connection, async (log) => {
    await until(() => log.failure()?.includes("cannot be reached") ?? false);
    expect(log.failure()).toContain(why);
  });
});

test("doctor warns of a password that is sent in the clear", async () => {
  const sasl = { mechanism: "PLAIN", ...login } as const;
  const plan = { ...(await way(kafka.clear, { sasl })), partitions: 3, replication: 1 };
  const findings = await kafkaFindings(plan, "g");
  expect(findings[0]).toMatchObject({ check: "kafka", status: "ok" });
  expect(findings[1]).toMatchObject({ check: "kafka login", status: "warn" });
});

function mistaken(mechanism: "PLAIN" | "SCRAM-SHA-256"): Promise<KafkaConnection> {
  return way(kafka.sasl, { ...tls(), sasl: { ...login, mechanism, password: "wrong" } });
}
