// Where the services listen: loopback only, on ports that a developer's own servers don't use.

export const serviceNames = ["redis", "redis-cluster", "kafka", "mariadb", "etcd"] as const;
export type ServiceName = (typeof serviceNames)[number];

export const ports = {
  redis: 16379,
  redisCluster: [16380, 16381, 16382],
  kafka: 19092,
  kafkaController: 19093,
  mariadb: 13306,
  etcd: 12379,
  etcdPeer: 12380,
} as const;

const on = (port: number) => `127.0.0.1:${port}`;

/** The settings with which Doorbuster reaches them, by name. */
export const addresses = {
  redis: `redis://${on(ports.redis)}`,
  redisCluster: `redis+cluster://${ports.redisCluster.map(on).join(",")}`,
  kafka: on(ports.kafka),
  mysql: `mysql://doorbuster:doorbuster@${on(ports.mariadb)}/doorbuster`,
  etcd: `http://${on(ports.etcd)}`,
} as const;

export function isServiceName(text: string): text is ServiceName {
  return (serviceNames as readonly string[]).includes(text);
}
