// One Kafka broker that is its own controller (KRaft), from the jars of Maven Central.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kafkaAnswers } from "./probes.ts";
import { runToEnd } from "./process.ts";
import { cacheDirectory, programPath } from "./programs.ts";
import type { Server } from "./server.ts";

const version = "4.1.0";
const heap = "-Xmx512m";
const clusterId = "ZG9vcmJ1c3Rlci1kZXYtMQ";

export interface KafkaOptions {
  readonly dir: string;
  readonly port: number;
  readonly controllerPort: number;
}

export function kafkaServer({ dir, port, controllerPort }: KafkaOptions): Server {
  const id = `kafka-${port}`;
  const properties = join(dir, `${id}.properties`);
  const data = join(dir, `${id}.data`);
  const java = [programPath("java"), heap, "-cp", `${jars()}/*`];
  const tool = [...java, "kafka.tools.StorageTool", "format", "-t", clusterId, "-c", properties];
  return {
    id,
    dir,
    command: [...java, "-XX:+UseSerialGC", "kafka.Kafka", properties],
    prepare: async () => {
      await fetchJars();
      writeFileSync(properties, propertiesOf(data, port, controllerPort));
      if (existsSync(join(data, "meta.properties"))) return;
      await runToEnd(tool);
    },
    ready: () => kafkaAnswers(port),
  };
}

function propertiesOf(data: string, port: number, controllerPort: number): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
controller.listener.names=CONTROLLER
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
`;
}

function jars(): string {
  return join(cacheDirectory(), `kafka-${version}`);
}

/** Into a folder beside the final one first, so that a broken download is not taken for a whole
 *  one. */
export async function fetchJars(): Promise<void> {
  if (existsSync(jars())) return;
  const part = `${jars()}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part, { recursive: true });
  writeFileSync(join(part, "pom.xml"), pom);
  const copy = ["dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"];
  await runToEnd([programPath("mvn"), "--batch-mode", "--quiet", ...copy], part);
  renameSync(join(part, "lib"), jars());
  rmSync(part, { recursive: true, force: true });
}

const artifact = (group: string, name: string, at: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId>` +
  `<version>${at}</version></dependency>`;

const pom = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>doorbuster</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    ${artifact("org.apache.kafka", "kafka_2.13", version)}
    ${artifact("org.apache.kafka", "kafka-tools", version)}
    ${artifact("org.slf4j", "slf4j-simple", "2.0.16")}
  </dependencies>
</project>
`;
