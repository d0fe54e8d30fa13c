// The faults: how each is done and undone, and by what it is known that it hit.

import { Producer } from "@platformatic/kafka";
import { Redis } from "ioredis";
import { addresses } from "../services/catalog.ts";
import { startService, stopService } from "../services/control.ts";
import type { Stage } from "./stage.ts";

export interface FaultContext {
  readonly stage: Stage;
  readonly saleId: string;
  /** Requests of the crowd that got no answer, so far. */
  lost(): number;
  /** Call when everything is there again. */
  back(): void;
}

export interface Fault {
  readonly name: string;
  /** Breaks something and mends it; resolves with what shows that it hit, or null. */
  hit(context: FaultContext): Promise<string | null>;
  /** What purchases may be answered meanwhile, besides `accepted`. */
  readonly allowed: readonly string[];
}

const outageMs = 10_000;
const metric = {
  placed: "doorbuster_orders_placed_total",
  duplicate: "doorbuster_orders_duplicate_total",
  poison: "doorbuster_orders_poison_total",
  broken: "doorbuster_log_sessions_broken_total",
  assigned: "doorbuster_log_assignments_total",
};

const killApi: Fault = {
  name: "kill -9 of api",
  allowed: ["lost"],
  hit: async ({ stage, lost, back }) => {
    const before = lost();
    await stage.kill("api");
    await Bun.sleep(300);
    await stage.start("api");
    back();
    return lost() > before ? `${lost() - before} answers lost` : null;
  },
};

const killOrders: Fault = {
  name: "kill -9 of orders",
  allowed: [],
  hit: async ({ stage, back }) => {
    await stage.kill("orders");
    await stage.start("orders");
    back();
    return await tookOver(stage);
  },
};

const killBoth: Fault = {
  name: "kill -9 of api and orders",
  allowed: ["lost"],
  hit: async ({ stage, back }) => {
    await Promise.all([stage.kill("api"), stage.kill("orders")]);
    await Promise.all([stage.start("api"), stage.start("orders")]);
    back();
    return await tookOver(stage);
  },
};

/** The process that came after the killed one places or drops what that one left. */
async function tookOver(stage: Stage): Promise<string | null> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const placed = await stage.counter("orders", metric.placed);
    const redelivered = await stage.counter("orders", metric.duplicate);
    if (placed + redelivered > 0) return `${redelivered} redelivered`;
    await Bun.sleep(100);
  }
  return null;
}

const stopKafka: Fault = {
  name: "Kafka away for 10 s",
  allowed: ["reserved", "overloaded"],
  hit: async ({ stage, back }) => {
    const before = await stage.counter("orders", metric.broken);
    await stopService("kafka", "SIGKILL");
    await Bun.sleep(outageMs);
    await startService("kafka");
    back();
    await Bun.sleep(1_000);
    const broken = (await stage.counter("orders", metric.broken)) - before;
    return broken > 0 ? `${broken} sessions broken` : null;
  },
};

const stopMariadb: Fault = {
  name: "MariaDB away for 10 s",
  allowed: [],
  hit: async ({ stage, back }) => {
    await stopService("mariadb", "SIGKILL");
    await Bun.sleep(outageMs / 2);
    const unready = await Promise.all(stage.running("orders").map(({ url }) => readiness(url)));
    await Bun.sleep(outageMs / 2);
    await startService("mariadb");
    back();
    return unready.some((text) => text.includes("mysql")) ? "orders was not ready" : null;
  },
};

async function readiness(url: string): Promise<string> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  return answer === null || answer.status === 200 ? "" : await answer.text();
}

const restartRedis: Fault = {
  name: "Redis restarted, rebuilt",
  allowed: ["stock-unavailable", "outcome-unknown"],
  hit: async (context) => {
    await stopService("redis", "SIGKILL");
    await startService("redis");
    return await rebuilt(context);
  },
};

const emptyRedis: Fault = {
  name: "Redis emptied, rebuilt",
  allowed: ["stock-unavailable", "outcome-unknown"],
  hit: async (context) => {
    const redis = new Redis(addresses.redis);
    await redis.flushall();
    redis.disconnect();
    return await rebuilt(context);
  },
};

async function rebuilt({ stage, saleId, back }: FaultContext): Promise<string | null> {
  await Bun.sleep(500);
  const epoch = await stage.operations.rebuild(saleId as never, () => undefined);
  back();
  return typeof epoch === "number" ? `rebuilt under epoch ${epoch}` : null;
}

const rebalance: Fault = {
  name: "orders added and removed",
  allowed: [],
  hit: async ({ stage, back }) => {
    const [old] = stage.running("orders");
    await stage.start("orders");
    await Bun.sleep(1_500);
    const assigned = await stage.counter("orders", metric.assigned);
    if (old !== undefined) await stage.stop(old);
    back();
    return assigned > 1 ? `${assigned} assignments` : null;
  },
};

const poison: Fault = {
  name: "poison in the log",
  allowed: [],
  hit: async ({ stage, back }) => {
    const before = await stage.counter("orders", metric.poison);
    const brokers = [...stage.config.kafka.brokers];
    const producer = new Producer({ clientId: "poison", bootstrapBrokers: brokers });
    const topic = `${stage.config.kafka.prefix}orders`;
    const value = Buffer.from("{this is no order");
    await producer.send({ messages: [{ topic, key: Buffer.from("x"), value }] });
    await producer.close();
    back();
    await Bun.sleep(1_000);
    const seen = (await stage.counter("orders", metric.poison)) - before;
    return seen > 0 ? `${seen} buried` : null;
  },
};

export const faults: readonly Fault[] = [
  killApi,
  killOrders,
  killBoth,
  stopKafka,
  stopMariadb,
  restartRedis,
  emptyRedis,
  rebalance,
  poison,
];
