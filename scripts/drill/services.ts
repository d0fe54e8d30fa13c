// Redis, Kafka, MariaDB and etcd of the drill's own, each behind a proxy of ours, on ports that
// nobody else has. They are gone when the drill ends, however it ends.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../src/config/validate.ts";
import { atExit } from "../../src/rush/at-exit.ts";
import type { MysqlPlace } from "../../src/rush/mysql-tables.ts";
import { type RedisPair, redisPair } from "../faults/redis-pair.ts";
import { configuration } from "../services/control.ts";
import { etcdServer } from "../services/etcd.ts";
import { kafkaServer } from "../services/kafka.ts";
import { mariadbServer } from "../services/mariadb.ts";
import { type Server, signalServer, startServer, stopServer } from "../services/server.ts";
import { configIn } from "../support/config-in.ts";
import { lastingPort } from "../support/free-port.ts";
import { type TcpProxy, tcpProxy } from "../support/tcp-proxy.ts";
import type { ServiceName } from "./plan.ts";

export interface DrilledService {
  readonly proxy: TcpProxy;
  /** The server that clients of the proxy speak to. */
  server(): Server;
}

export interface DrilledServices {
  readonly of: Readonly<Record<ServiceName, DrilledService>>;
  readonly redis: RedisPair;
  /** How to reach them through the proxies. */
  readonly config: Config;
  /** The tables, past the proxy. */
  readonly tables: MysqlPlace;
  close(): Promise<void>;
}

export async function drilledServices(directory: string): Promise<DrilledServices> {
  const dirOf = (name: string) => {
    const dir = join(directory, name);
    mkdirSync(dir);
    return dir;
  };
  const [redisPort, replicaPort] = [await lastingPort(), await lastingPort()];
  const [kafkaPort, controllerPort] = [await lastingPort(), await lastingPort()];
  const [mysqlPort, etcdPort, peerPort] = [
    await lastingPort(),
    await lastingPort(),
    await lastingPort(),
  ];
  const [toKafka, toMysql, toEtcd] = [
    await tcpProxy(kafkaPort),
    await tcpProxy(mysqlPort),
    await tcpProxy(etcdPort),
  ];
  const kafka = kafkaServer({
    ...{ dir: dirOf("kafka"), port: kafkaPort, controllerPort },
    advertisedPort: toKafka.port,
  });
  const mysql = mariadbServer({ dir: dirOf("mysql"), port: mysqlPort });
  const etcd = etcdServer({ dir: dirOf("etcd"), port: etcdPort, peerPort });
  const started: Server[] = [kafka, mysql, etcd];
  const callOff = atExit(() => {
    for (const server of started) signalServer(server, "SIGKILL");
  });
  const others = Promise.all(started.map(startServer));
  const redis = await redisPair(dirOf("redis"), [redisPort, replicaPort]);
  started.push(...redis.servers);
  await others;

  const database = (port: number) =>
    `mysql://doorbuster:doorbuster@127.0.0.1:${port}/doorbuster_drill`;
  const file = join(directory, "doorbuster.yaml");
  const addresses = {
    redis: redis.url,
    kafka: `127.0.0.1:${toKafka.port}`,
    mysql: database(toMysql.port),
    etcd: `http://127.0.0.1:${toEtcd.port}`,
  };
  writeFileSync(file, configuration(addresses));
  const config = await configIn(file);

  async function close(): Promise<void> {
    for (const proxy of [toKafka, toMysql, toEtcd]) proxy.close();
    await redis.close();
    await Promise.all(started.map((server) => stopServer(server, "SIGKILL")));
    callOff();
  }

  const at = (proxy: TcpProxy, server: Server) => ({ proxy, server: () => server });
  return {
    of: {
      redis: { proxy: redis.front, server: redis.master },
      kafka: at(toKafka, kafka),
      mysql: at(toMysql, mysql),
      etcd: at(toEtcd, etcd),
    },
    redis,
    config,
    tables: { url: database(mysqlPort), tls: config.mysql.tls },
    close,
  };
}
