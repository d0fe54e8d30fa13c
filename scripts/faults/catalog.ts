// The faults: how each is done and undone, and by what it is known that it hit.

import { Producer } from "@platformatic/kafka";
import { Redis } from "ioredis";
import { startService, stopService } from "../services/control.ts";
import type { RedisPair } from "./redis-pair.ts";
import type { Stage } from "./stage.ts";

export interface FaultContext {
  readonly stage: Stage;
  readonly saleId: string;
  /** Where the fault brought Redis of its own. */
  readonly pair: RedisPair | null;
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
  /** What the sale has besides. */
  readonly terms?: object;
  /** Needs a Redis that can fail over. */
  readonly failsOver?: boolean;
}

const outageMs = 10_000;
const metric = {
  placed: "doorbuster_orders_placed_total",
  duplicate: "doorbuster_orders_duplicate_total",
  poison: "doorbuster_orders_poison_total",
  broken: "doorbuster_log_sessions_broken_total",
  assigned: "doorbuster_log_assignments_total",
  rebuilt: "doorbuster_controller_sales_rebuilt_total",
  stale: "doorbuster_controller_stale_writes_refused_total",
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

/** What the loss of stock may be answered with, until a controller has loaded it anew. */
const whileLost = ["stock-unavailable", "outcome-unknown"];

const restartRedis: Fault = {
  name: "Redis restarted",
  allowed: whileLost,
  hit: (context) =>
    rebuilt(context, async () => {
      await stopService("redis", "SIGKILL");
      await startService("redis");
    }),
};

const emptyRedis: Fault = {
  name: "Redis emptied",
  allowed: whileLost,
  hit: (context) => rebuilt(context, async () => empty(context)),
};

const failOver: Fault = {
  name: "Redis lost 1 s of writes",
  allowed: [...whileLost, "reserved"],
  failsOver: true,
  hit: async (context) => {
    let lost = 0;
    const seen = await rebuilt(context, async () => {
      lost = (await context.pair?.failOver(1_000)) ?? 0;
    });
    return seen === null || lost <= 0 ? null : `${lost} bytes lost, ${seen}`;
  },
};

const fallBack: Fault = {
  name: "Redis away, sold by ledger",
  allowed: [...whileLost, "reserved"],
  terms: { fallback: "database" },
  hit: async ({ stage, saleId, back }) => {
    const modeIs = (mode: string) => async () => {
      const answer = await fetch(`${stage.url}/v1/sales/${saleId}`).catch(() => null);
      return ((await answer?.json()) as { mode?: string } | undefined)?.mode === mode;
    };
    await stopService("redis", "SIGKILL");
    if (!(await within(40_000, modeIs("ledger")))) return null;
    const before = await stage.soldOf(saleId);
    await Bun.sleep(3_000);
    const sold = (await stage.soldOf(saleId)) - before;
    await startService("redis");
    if (!(await within(40_000, modeIs("stock")))) return null;
    back();
    return sold > 0 ? `${sold} sold from the ledger` : null;
  },
};

const pausedApi: Fault = {
  name: "api paused over a rebuild",
  allowed: [...whileLost, "reserved", "lost"],
  hit: async (context) => {
    const [api] = context.stage.running("api");
    if (api === undefined) return null;
    process.kill(api.pid, "SIGSTOP");
    const seen = await rebuilt({ ...context, back: () => undefined }, () => empty(context));
    process.kill(api.pid, "SIGCONT");
    context.back();
    return seen;
  },
};

async function empty({ stage }: FaultContext): Promise<void> {
  await Bun.sleep(Math.random() * 1_000);
  const redis = new Redis(stage.config.redis.url);
  await redis.flushall();
  redis.disconnect();
}

/** A controller sees the loss and mends it by itself. */
async function rebuilt(
  { stage, back }: FaultContext,
  lose: () => Promise<void>,
): Promise<string | null> {
  const before = await stage.counter("controller", metric.rebuilt);
  const startedAt = performance.now();
  await lose();
  const mended = async () => (await stage.counter("controller", metric.rebuilt)) > before;
  if (!(await within(40_000, mended))) return null;
  back();
  return `rebuilt after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;
}

async function within(ms: number, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(50);
  }
  return true;
}

/** Paused in the middle of a load, for longer than its locks live: what it goes on with afterwards
 *  must be refused. */
const pausedController: Fault = {
  name: "controller paused in a load",
  allowed: whileLost,
  hit: async (context) => {
    const { stage, saleId, back } = context;
    if (stage.running("controller").length < 2) await stage.start("controller");
    const holding = async () => (await stage.controllerOf(saleId)) !== null;
    if (!(await within(20_000, holding))) return null;
    const [holder, epoch] = [await stage.controllerOf(saleId), await stage.epochOf(saleId)];
    if (holder === null) return null;
    const stale = await stage.counterOf(holder, metric.stale);
    await empty(context);
    const loading = async () => (await stage.epochOf(saleId)) > epoch;
    if (!(await within(20_000, loading))) return null;
    process.kill(holder.pid, "SIGSTOP");
    const [paused, saleUrl] = [await stage.epochOf(saleId), `${stage.url}/v1/sales/${saleId}`];
    // Under an epoch of its own, the other one has begun; with units to sell, it has ended.
    const mended = async () => {
      if ((await stage.epochOf(saleId)) <= paused) return false;
      const answer = await fetch(saleUrl).catch(() => null);
      return ((await answer?.json()) as { remaining?: number } | undefined)?.remaining !== 0;
    };
    const tookOver = await within(40_000, mended);
    process.kill(holder.pid, "SIGCONT");
    if (!tookOver) return null;
    back();
    const refused = async () => (await stage.counterOf(holder, metric.stale)) > stale;
    return (await within(20_000, refused)) ? "taken over, stale load refused" : null;
  },
};

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
  failOver,
  fallBack,
  pausedApi,
  pausedController,
  rebalance,
  poison,
];
