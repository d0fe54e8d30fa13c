/** The engine on Redis, Kafka and MySQL: any number of processes, each with the roles it is given.
 * The order in which processes and services start does not matter. */
import type { KafkaEvents } from "../adapters/kafka/connection.ts";
import { type KafkaLog, kafkaOrderLog } from "../adapters/kafka/order-log.ts";
import { mysqlAdmissionRepository } from "../adapters/mysql/admission-repository.ts";
import { mysqlLedgerStock } from "../adapters/mysql/ledger-stock.ts";
import { checkSchema } from "../adapters/mysql/migrate.ts";
import { mysqlOrderRepository } from "../adapters/mysql/order-repository.ts";
import { type Mysql, openMysql } from "../adapters/mysql/pool.ts";
import { mysqlSaleRepository } from "../adapters/mysql/sale-repository.ts";
import { openRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { redisRateLimiter } from "../adapters/redis/rate-limiter.ts";
import { redisStockStore } from "../adapters/redis/stock-store.ts";
import { systemClock } from "../adapters/shared/system-clock.ts";
import type { Config } from "../config/validate.ts";
import { limits } from "../domain/limits.ts";
import type { AppDeps } from "../http/app-deps.ts";
import { messageOf } from "../lib/finding.ts";
import { mendTracingChannels } from "../lib/tracing-channels.ts";
import { createHealth, type Health } from "../observability/health.ts";
import type { Logger } from "../observability/logger.ts";
import { createMetrics } from "../observability/metrics.ts";
import type { Lease } from "../ports/lease.ts";
import { type ApiRole, apiRole, type ListeningRole, probesRole } from "../roles/api.ts";
import { controllerRole } from "../roles/controller.ts";
import { directoryRole } from "../roles/directory.ts";
import { type ConsumingRole, ordersRole } from "../roles/orders.ts";
import { type Role, type RoleLog, stopAll } from "../roles/role.ts";
import { admissionDirectory } from "../usecases/admission-directory.ts";
import type { ConfirmedModes } from "../usecases/confirmed-modes.ts";
import { purchaseBatches } from "../usecases/purchase-batches.ts";
import type { Engine, Started } from "./engine.ts";
import { openLocks } from "./locks.ts";
import { composePublicKeys } from "./public-keys.ts";
import { sharedStores } from "./shared-stores.ts";
import { advised } from "./startup-error.ts";
import { type Service, waitForServices } from "./wait-for-services.ts";

export interface Connections {
  readonly redis: RedisConnection;
  readonly mysql: Mysql;
  readonly log: KafkaLog;
  close(): Promise<void>;
}

/** Connects to nobody yet: each connection is made, and made again, when it is needed. */
export function connect(config: Config, events: KafkaEvents): Connections {
  mendTracingChannels();
  const redis = openRedis(config.redis.url, config.redis.tls);
  const mysql = openMysql(config.mysql);
  const log = kafkaOrderLog(config.kafka, events);
  return {
    redis,
    mysql,
    log,
    close: async () => {
      await log.close();
      await mysql.close();
      redis.close();
    },
  };
}

/** Every use case's dependencies. */
export function clusteredStores({ redis, mysql, log }: Connections, prefix: string) {
  const ports = {
    clock: systemClock,
    sales: mysqlSaleRepository(mysql),
    orders: mysqlOrderRepository(mysql),
    stock: redisStockStore({ connection: redis, prefix }),
    ledgerStock: mysqlLedgerStock(mysql),
    stockFailure: redis.failure,
    log,
  };
  return sharedStores(ports);
}

/** Who may buy how often: what all processes count together, and what they know of it. */
function admissionOf(config: Config, { redis, mysql }: Connections, logger: Logger) {
  const { whenAway, nodes } = config.admission;
  const limiter = redisRateLimiter({
    connection: redis,
    clock: systemClock,
    prefix: config.redis.prefix,
    away: whenAway === "share" ? { kind: "share", nodes } : { kind: "refuse" },
    ...(logger.isLevelEnabled("debug") && {
      granted: (policy, key, taken) => logger.debug({ policy, key, ...taken }, "tokens"),
    }),
  });
  const admissionSettings = mysqlAdmissionRepository(mysql);
  return { limiter, admissionSettings, admission: admissionDirectory(admissionSettings) };
}

export async function composeClustered(config: Config, logger: Logger): Promise<Engine> {
  const counted = { broken: 0, assigned: 0 };
  const connections = connect(config, {
    trouble: (what, reason) => {
      counted.broken += 1;
      logger.warn({ err: reason }, what);
    },
    alarm: (what, reason) => logger.error({ err: reason }, what),
    reconnected: (client) => logger.info({ client }, "the order log works again"),
    redelivered: (messages) => logger.info({ messages }, "orders were delivered again"),
    assigned: (partitions) => {
      counted.assigned += 1;
      logger.info({ partitions }, "partitions of the order log were assigned");
    },
  });
  const found = clusteredStores(connections, config.redis.prefix);
  const locks = openLocks(config);
  const { applied } = found.directory;
  const { turnMs: lockTurnMs } = config.etcd;
  const batches = purchaseBatches({ ...found, ...locks, lockTurnMs, applied });
  const doors = admissionOf(config, connections, logger);
  const stores = { ...found, ...doors, batches, lease: locks.lease };
  const metrics = createMetrics({
    saleCache: stores.directory.counts,
    purchasesWaiting: batches.waiting,
    ordersUnlogged: batches.unlogged,
    lockedStock: batches.locked,
    limiter: doors.limiter.counts,
    logSessionsBroken: () => counted.broken,
    logAssignments: () => counted.assigned,
  });
  const health = createHealth();
  const { publicKeys, roles: keysRoles } = composePublicKeys(config, { ...stores, health, logger });
  const app: AppDeps = {
    ...stores,
    ...{ auth: config.auth, cors: config.cors, publicKeys },
    trustedProxies: config.admission.trustedProxies,
    ...{ random: Math.random, metrics, health, logger },
  };
  const front = config.roles.includes("api") ? apiRole(app, config) : probesRole(app, config);
  const orders = config.roles.includes("orders")
    ? ordersRole({ ...stores, placed: metrics.observePlacement, logger })
    : null;
  watch(health, config, connections, { orders, locks: locks.lease, modes: stores.modes });
  const roles = [
    ...(orders === null ? [] : [orders]),
    ...(config.roles.includes("controller")
      ? [controllerRole({ ...stores, ...locks, told: metrics.controller, logger })]
      : []),
    directoryRole({ ...stores, logger }),
    ...keysRoles,
  ];
  const { drained } = batches;
  return engineOf({ connections, locks: locks.lease, front, roles, drained, logger });
}

interface Watched {
  readonly orders: ConsumingRole | null;
  readonly locks: Pick<Lease, "failure">;
  readonly modes: Pick<ConfirmedModes, "fromLedger">;
}

/** A role is ready while it can do its own work: sales go on while MySQL or Kafka is away, and
 * orders are placed while Redis is. With a sale that is sold from the ledger there is work without
 * Redis, and if all processes said that they are not ready, nobody would be sent there. */
function watch(
  health: Health,
  { roles }: Config,
  { redis, mysql, log }: Connections,
  { orders, locks, modes }: Watched,
): void {
  const stock = () => (modes.fromLedger() ? null : redis.failure());
  if (roles.includes("api")) health.watch("redis", stock);
  if (roles.includes("controller")) health.watch("etcd", locks.failure);
  if (orders === null && !roles.includes("controller")) return;
  health.watch("mysql", mysql.failure);
  health.watch("kafka", () => log.failure() ?? orders?.failure() ?? null);
}

interface Parts {
  readonly connections: Connections;
  readonly locks: Pick<Lease, "close">;
  /** Listens last, or there would be somebody to disappoint. */
  readonly front: ListeningRole | ApiRole;
  readonly roles: readonly Role[];
  /** What was sold from the ledger is on its way to the log. */
  readonly drained: () => Promise<void>;
  readonly logger: RoleLog;
}

function engineOf({ connections, locks, front, roles, drained, logger }: Parts): Engine {
  const started: Role[] = [];
  const stopping = new AbortController();

  async function start(): Promise<Started> {
    try {
      await waitForServices(servicesOf(connections), logger, stopping.signal);
      for (const role of [...roles, front]) {
        await role.start();
        started.push(role);
      }
      const adminUrl = "adminUrl" in front ? front.adminUrl() : front.url();
      return { url: front.url(), adminUrl, recovered: { replayed: 0, salesLoaded: [] } };
    } catch (reason) {
      await stop();
      throw advised(reason);
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await stopAll(started.splice(0), logger);
    await drained();
    await locks.close();
    await connections.close();
  }

  return { start, stop };
}

function servicesOf({ redis, mysql, log }: Connections): Service[] {
  return [
    { name: "redis", check: async () => redis.failure(), patienceMs: limits.fallBackAfterMs },
    { name: "mysql", check: () => whyNot(() => checkSchema(mysql)) },
    { name: "kafka", check: () => whyNot(() => log.end()) },
  ];
}

async function whyNot(ask: () => Promise<unknown>): Promise<string | null> {
  try {
    await ask();
    return null;
  } catch (reason) {
    return messageOf(reason);
  }
}
