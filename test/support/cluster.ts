/** Clustered stores of a test's own, in the real services. */
import { settingsOf, underNewNames } from "../../src/cli/temporary-cluster.ts";
import { operationsOn } from "../../src/compose/operations.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblems } from "../../src/config/problems.ts";
import type { Config } from "../../src/config/validate.ts";
import { etcdUrl, kafkaBroker, mysqlUrl, redisUrl } from "./services.ts";
import { tempDir } from "./temp-dir.ts";

export interface TestCluster {
  readonly config: Config;
  /** The environment that leads a process there. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function testCluster({ broker = kafkaBroker } = {}): Promise<TestCluster> {
  const env = {
    DOORBUSTER_STORES_KIND: "clustered",
    DOORBUSTER_REDIS_URL: redisUrl,
    DOORBUSTER_KAFKA_BROKERS: broker,
    DOORBUSTER_MYSQL_URL: mysqlUrl,
    DOORBUSTER_ETCD_HOSTS: etcdUrl,
  };
  const loaded = await loadConfig({ cwd: tempDir(), env });
  if (!loaded.ok) throw new Error(formatProblems(loaded.error));
  const config = underNewNames(loaded.value.config);
  const operations = operationsOn(config);
  await operations.migrate();
  return { config, env: settingsOf(config), remove: operations.removeEverything };
}
