// The services by name: which servers each one is, and how it is started, stopped and emptied.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { addresses, ports, type ServiceName } from "./catalog.ts";
import { etcdServer } from "./etcd.ts";
import { kafkaServer } from "./kafka.ts";
import { mariadbServer } from "./mariadb.ts";
import { clusterServes, joinCluster, redisServer } from "./redis.ts";
import { logFile, pidOf, type Server, startServer, stopServer } from "./server.ts";

/** Where data, logs and pid files are: in the checkout, where git does not look. */
const root = resolve(
  process.env.DOORBUSTER_SERVICES_DIR || join(import.meta.dir, "..", "..", ".doorbuster-services"),
);

const makers: Readonly<Record<ServiceName, (dir: string) => Server[]>> = {
  redis: (dir) => [redisServer({ dir, port: ports.redis })],
  "redis-cluster": (dir) =>
    ports.redisCluster.map((port) => redisServer({ dir, port, cluster: true })),
  kafka: (dir) => [kafkaServer({ dir, port: ports.kafka, controllerPort: ports.kafkaController })],
  mariadb: (dir) => [mariadbServer({ dir, port: ports.mariadb })],
  etcd: (dir) => [etcdServer({ dir, port: ports.etcd, peerPort: ports.etcdPeer })],
};

const shownAddress: Readonly<Record<ServiceName, string>> = {
  redis: addresses.redis,
  "redis-cluster": addresses.redisCluster,
  kafka: addresses.kafka,
  mariadb: addresses.mysql,
  etcd: addresses.etcd,
};

/** Configuration files for whoever wants to use the services, one for each Redis. */
export const configurations = {
  single: join(root, "doorbuster.yaml"),
  cluster: join(root, "doorbuster-cluster.yaml"),
} as const;

export function writeConfigurations(): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(configurations.single, configuration(addresses));
  const redis = addresses.redisCluster;
  writeFileSync(configurations.cluster, configuration({ ...addresses, redis }));
}

type Addresses = Record<"redis" | "kafka" | "mysql" | "etcd", string>;

/** A configuration file for services at these addresses. */
export function configuration({ redis, kafka, mysql, etcd }: Addresses): string {
  return `stores:
  kind: clustered
redis:
  url: ${redis}
kafka:
  brokers: ["${kafka}"]
mysql:
  url: ${mysql}
etcd:
  hosts: ["${etcd}"]
auth:
  devTokens: true
`;
}

export function serversOf(name: ServiceName): Server[] {
  return makers[name](join(root, name));
}

/** Its programs must be there. */
export async function startService(name: ServiceName): Promise<void> {
  await Promise.all(serversOf(name).map(startServer));
  if (name === "redis-cluster") await joinCluster(ports.redisCluster);
}

export async function stopService(name: ServiceName, signal?: NodeJS.Signals): Promise<void> {
  await Promise.all(serversOf(name).map((server) => stopServer(server, signal)));
}

/** Stops it and deletes its data. */
export async function emptyService(name: ServiceName): Promise<void> {
  await stopService(name);
  rmSync(join(root, name), { recursive: true, force: true });
}

export interface ServiceStatus {
  readonly name: ServiceName;
  readonly state: "up" | "down" | "not ready";
  readonly pids: readonly number[];
  readonly address: string;
  readonly logs: readonly string[];
}

export async function statusOf(name: ServiceName): Promise<ServiceStatus> {
  const servers = serversOf(name);
  const pids = servers.flatMap((server) => pidOf(server) ?? []);
  const ready = pids.length === servers.length && (await isReady(name, servers));
  const state = ready ? "up" : pids.length === 0 ? "down" : "not ready";
  return { name, state, pids, address: shownAddress[name], logs: servers.map(logFile) };
}

async function isReady(name: ServiceName, servers: readonly Server[]): Promise<boolean> {
  const ready = await Promise.all(servers.map((server) => server.ready()));
  if (!ready.every(Boolean)) return false;
  return name !== "redis-cluster" || (await clusterServes(ports.redisCluster));
}
