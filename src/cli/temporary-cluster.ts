/** Stores of their own for a temporary server, in services that are there: other names than
 * anybody's, removed afterwards. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { storeKinds } from "../config/schema.ts";
import type { Config } from "../config/validate.ts";
import type { SaleId } from "../domain/ids.ts";
import type { Cluster } from "../rush/rush-plan.ts";
import { configOf, type World } from "./world.ts";

/** Where `npm run services -- up` says how to reach its services. */
const servicesFile = join(".doorbuster-services", "doorbuster.yaml");

export function storesOption(): Option {
  return new Option("--stores <kind>", "stores of a temporary server (default: embedded)").choices(
    storeKinds,
  );
}

/** Without a configuration of its own it takes the services of `npm run services`, if any. */
export async function newCluster(world: World, file: string | undefined): Promise<Cluster> {
  const config = (await configOf(world, file ?? defaultFile(world))).config;
  const renamed = underNewNames(config);
  const operations = await world.operate(renamed);
  await operations.migrate();
  return {
    settings: settingsOf(renamed),
    mysqlUrl: renamed.mysql.url,
    lockRates: (saleId, dataDir, plan) => operations.lockRates(saleId as SaleId, dataDir, plan),
    remove: () => operations.removeEverything(),
  };
}

function defaultFile({ cwd, env }: World): string | undefined {
  if (env.DOORBUSTER_CONFIG) return undefined;
  return existsSync(join(cwd, servicesFile)) ? servicesFile : undefined;
}

export function underNewNames(config: Config): Config {
  const name = crypto.randomUUID().slice(0, 8);
  const mysqlUrl = new URL(config.mysql.url);
  mysqlUrl.pathname = `/doorbuster_rush_${name}`;
  return {
    ...config,
    stores: { kind: "clustered" },
    redis: { ...config.redis, prefix: `rush-${name}:` },
    kafka: { ...config.kafka, prefix: `rush-${name}.` },
    mysql: { ...config.mysql, url: mysqlUrl.href },
    etcd: { ...config.etcd, prefix: `rush-${name}/` },
  };
}

export function settingsOf({ redis, kafka, mysql, etcd }: Config): Record<string, string> {
  return {
    DOORBUSTER_STORES_KIND: "clustered",
    DOORBUSTER_REDIS_URL: redis.url,
    DOORBUSTER_REDIS_PREFIX: redis.prefix,
    DOORBUSTER_KAFKA_BROKERS: kafka.brokers.join(","),
    DOORBUSTER_KAFKA_PREFIX: kafka.prefix,
    DOORBUSTER_MYSQL_URL: mysql.url,
    DOORBUSTER_MYSQL_CONNECTIONS: String(mysql.connections),
    DOORBUSTER_ETCD_HOSTS: etcd.hosts.join(","),
    DOORBUSTER_ETCD_PREFIX: etcd.prefix,
    DOORBUSTER_ETCD_TTL_SECONDS: String(etcd.ttlSeconds),
    DOORBUSTER_ETCD_TURN_MS: String(etcd.turnMs),
    DOORBUSTER_ETCD_GENERATION: String(etcd.generation),
    ...(etcd.username ? { DOORBUSTER_ETCD_USERNAME: etcd.username } : {}),
    ...(etcd.password ? { DOORBUSTER_ETCD_PASSWORD: etcd.password } : {}),
  };
}
