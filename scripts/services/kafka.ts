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
  /** Where clients are told to go, if not to `port` itself: a proxy in front of it. */
  readonly advertisedPort?: number;
  readonly secured?: SecuredListeners;
}

/** Listeners beside the open one. */
export interface SecuredListeners {
  readonly listeners: readonly {
    readonly name: string;
    readonly protocol: "SSL" | "SASL_SSL" | "SASL_PLAINTEXT";
    readonly port: number;
  }[];
  readonly properties: readonly string[];
  /** As `--add-scram` takes them. */
  readonly scram: readonly string[];
}

const open: SecuredListeners = { listeners: [], properties: [], scram: [] };

export function kafkaServer(options: KafkaOptions): Server {
  const { dir, port, secured = open } = options;
  const id = `kafka-${port}`;
  const properties = join(dir, `${id}.properties`);
  const data = join(dir, `${id}.data`);
  const java = [programPath("java"), heap, "-cp", `${jars()}/*`];
  const logins = secured.scram.flatMap((login) => ["--add-scram", login]);
  const format = ["format", "-t", clusterId, "-c", properties, ...logins];
  return {
    id,
    dir,
    command: [...java, "-XX:+UseSerialGC", "kafka.Kafka", properties],
    prepare: async () => {
      await fetchJars();
      writeFileSync(properties, propertiesOf(data, { advertisedPort: port, ...options, secured }));
      if (existsSync(join(data, "meta.properties"))) return;
      await runToEnd([...java, "kafka.tools.StorageTool", ...format]);
    },
    ready: () => kafkaAnswers(port),
  };
}

function propertiesOf(data: string, options: Required<KafkaOptions>): string {
  const { port, controllerPort, advertisedPort, secured } = options;
  const own = { name: "PLAINTEXT", protocol: "PLAINTEXT", port };
  const clients = [own, ...secured.listeners];
  const placesOf = (some: typeof clients) =>
    some.map((one) => `${one.name}://127.0.0.1:${one.port}`).join(",");
  const advertised = [{ ...own, port: advertisedPort }, ...secured.listeners];
  const protocols = clients.map(({ name, protocol }) => `${name}:${protocol}`).join(",");
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controllerPort}
listeners=${placesOf(clients)},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=${placesOf(advertised)}
listener.security.protocol.map=${protocols},CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
${secured.properties.join("\n")}
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
