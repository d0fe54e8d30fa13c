/** Stores of their own for a temporary server, in services that are there: other names than
 * anybody's, removed afterwards. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { fields } from "../config/fields.ts";
import { valueAt } from "../config/layers.ts";
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
    lockRates: (saleId, dataDir, plan) => operations.lockRates(saleId as SaleId, dataDir, plan),
    mysql: renamed.mysql,
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

/** The settings of the services, as the environment gives them. */
export function settingsOf(config: Config): Record<string, string> {
  const ofServices = fields.filter(({ path }) => /^(redis|kafka|mysql|etcd|stores)\./.test(path));
  const variables = ofServices.flatMap(({ path, variable }) => {
    const value = valueAt(config, path.split("."));
    return value === null ? [] : [[variable, String(value)] as const];
  });
  return Object.fromEntries(variables);
}
