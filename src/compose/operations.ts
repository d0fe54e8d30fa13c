/** What an operator does to clustered stores, from the command line. */
import { etcdFindings } from "../adapters/etcd/findings.ts";
import { jwksFindings } from "../adapters/jwks/findings.ts";
import { kafkaFindings } from "../adapters/kafka/findings.ts";
import { migrateTopics, removeTopics } from "../adapters/kafka/topics.ts";
import { mysqlFindings } from "../adapters/mysql/findings.ts";
import { dropDatabase, makeDatabase, migrateMysql } from "../adapters/mysql/migrate.ts";
import { redisFindings } from "../adapters/redis/findings.ts";
import { removeKeys } from "../adapters/redis/remove-keys.ts";
import { systemClock } from "../adapters/shared/system-clock.ts";
import type { Config } from "../config/validate.ts";
import type { SaleId } from "../domain/ids.ts";
import { present } from "../lib/assert.ts";
import type { Finding } from "../lib/finding.ts";
import { ordersGroup } from "../roles/orders.ts";
import { rebuild } from "../usecases/warm-up.ts";
import { type Connections, clusteredStores, connect } from "./clustered.ts";
import { type LockRates, type LockRatesPlan, measureLockRates } from "./lock-rates.ts";
import { openLocks } from "./locks.ts";

/** Each call connects and disconnects by itself; each throws if a service cannot be reached. */
export interface Operations {
  /** Makes and updates tables and topics; says what it did, a line each. */
  migrate(): Promise<readonly string[]>;
  /** Loads a sale's stock anew from the ledger: the epoch it sells under now, or null if there is
   * no such sale. `say` hears of each step. */
  rebuild(saleId: SaleId, say: (line: string) => void): Promise<number | "overtaken" | null>;
  /** What turns at the lock of a sale gain, for the bench. */
  lockRates(saleId: SaleId, dataDir: string, plan: LockRatesPlan): Promise<LockRates>;
  /** How the services are set up. */
  findings(): Promise<readonly Finding[]>;
  /** Whether the identity provider's keys can be read; none if there is no such provider. */
  publicKeyFindings(): Promise<readonly Finding[]>;
  /** Removes every table, topic and key under the names that this configuration gives them. */
  removeEverything(): Promise<void>;
}

/** Redis refuses commands until it is connected. */
const connectMs = 5_000;
const ignore = () => undefined;
const unheard = {
  ...{ trouble: ignore, alarm: ignore, reconnected: ignore },
  ...{ redelivered: ignore, assigned: ignore },
};

export function operationsOn(config: Config): Operations {
  const { auth, etcd, kafka, mysql, redis } = config;

  async function connected<T>(work: (connections: Connections) => Promise<T>): Promise<T> {
    const connections = connect(config, unheard);
    try {
      return await work(connections);
    } finally {
      await connections.close();
    }
  }

  const migrate = () =>
    connected(async (connections) => {
      await makeDatabase(mysql);
      const versions = await migrateMysql(connections.mysql);
      const topics = await migrateTopics(kafka);
      return [
        ...versions.map((version) => `MySQL: applied migration ${version}`),
        ...topics.created.map((name) => `Kafka: made topic ${name}`),
        ...topics.differences.map((difference) => `Kafka: left as it is: ${difference}`),
      ];
    });

  const rebuildSale = (saleId: SaleId, say: (line: string) => void) =>
    connected(async (connections) => {
      await connections.redis.ready(connectMs);
      const stores = clusteredStores(connections, redis.prefix);
      const sale = await stores.sales.byId(saleId);
      if (sale === null) return null;
      say(`Sealing sale ${saleId}, waiting for what is under way, then loading it…`);
      const all = { ...stores, clock: systemClock };
      const [loaded] = await rebuild(all, [{ sale, tokens: {} }], ordersGroup);
      return loaded?.ok ? loaded.value : "overtaken";
    });

  const lockRates = (saleId: SaleId, dataDir: string, plan: LockRatesPlan) =>
    connected(async (connections) => {
      await connections.redis.ready(connectMs);
      const { sales, stock, clock } = clusteredStores(connections, redis.prefix);
      const sale = present(await sales.byId(saleId), "the bench asks for a sale of its own");
      const { lease } = openLocks({ ...config, dataDir });
      return measureLockRates({ lease, stock, clock }, sale, plan).finally(() => lease.close());
    });

  return {
    migrate,
    rebuild: rebuildSale,
    lockRates,
    publicKeyFindings: () => jwksFindings(auth.jwks),
    findings: () =>
      connected(async (connections) => {
        await connections.redis.ready(connectMs).catch(() => undefined);
        const found = await Promise.all([
          redisFindings(connections.redis),
          kafkaFindings(kafka, ordersGroup),
          mysqlFindings(connections.mysql),
          etcdFindings(etcd),
        ]);
        return found.flat();
      }),
    removeEverything: () =>
      connected(async (connections) => {
        await connections.redis.ready(connectMs);
        await removeKeys(connections.redis, redis.prefix);
        await removeTopics(kafka);
        await dropDatabase(connections.mysql);
      }),
  };
}
