/** The topics and their settings: `migrateTopics` makes what is missing and tells what differs; it
 *  changes nothing that is there, since a running shop's settings are its operator's business. */
import { Admin, ConfigResourceTypes, findErrorBy } from "@platformatic/kafka";
import { limits } from "../../domain/limits.ts";
import { asked, clientOptions, type KafkaConnection } from "./connection.ts";
import { topicNames } from "./names.ts";

export interface TopicsPlan extends KafkaConnection {
  readonly partitions: number;
  readonly replication: number;
}

export interface TopicsMigrated {
  readonly created: readonly string[];
  /** What is there, but otherwise than it would be made now. */
  readonly differences: readonly string[];
}

export interface TopicFound {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly settings: ReadonlyMap<string, string>;
}

type Settings = Readonly<Record<string, string>>;

const dayMs = 24 * 3_600_000;
const deadLetterRetentionMs = 90 * dayMs;

export function migrateTopics(plan: TopicsPlan): Promise<TopicsMigrated> {
  return withAdmin(plan, async (admin) => {
    const created: string[] = [];
    const differences: string[] = [];
    for (const topic of topicsOf(plan)) {
      const found = await findTopic(admin, topic.name);
      if (found !== null) differences.push(...differencesOf(topic, found));
      else if (await createTopic(admin, topic)) created.push(topic.name);
    }
    return { created, differences };
  });
}

/** Removes our topics, with everything in them. */
export function removeTopics(connection: KafkaConnection): Promise<void> {
  return withAdmin(connection, async (admin) => {
    const ours: readonly string[] = Object.values(topicNames(connection.prefix));
    const there = await asked("listing topics", () => admin.listTopics({}));
    const topics = there.filter((name) => ours.includes(name));
    if (topics.length > 0) await asked("deleting", () => admin.deleteTopics({ topics }));
  });
}

/** Null if there is no such topic. */
export async function findTopic(admin: Admin, name: string): Promise<TopicFound | null> {
  const names = await asked("listing topics", () => admin.listTopics({}));
  if (!names.includes(name)) return null;
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: name };
  const [metadata, described] = await asked(`describing ${name}`, () =>
    Promise.all([
      admin.metadata({ topics: [name], forceUpdate: true }),
      admin.describeConfigs({ resources: [{ ...resource, configurationKeys: null }] }),
    ]),
  );
  const partitions = metadata.topics.get(name)?.partitions ?? [];
  const configs = described[0]?.configs ?? [];
  return {
    name,
    partitions: partitions.length,
    replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    settings: new Map(configs.map((setting) => [setting.name, setting.value ?? ""])),
  };
}

export async function withAdmin<T>(
  connection: KafkaConnection,
  use: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = new Admin(clientOptions(connection));
  try {
    return await use(admin);
  } finally {
    await admin.close();
  }
}

interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly settings: Settings;
}

/** Dead letters are few, and their order is that of their burial: one partition. */
function topicsOf({ prefix, partitions, replication }: TopicsPlan): TopicPlan[] {
  const names = topicNames(prefix);
  const shared = {
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "min.insync.replicas": replication >= 3 ? "2" : "1",
    "unclean.leader.election.enable": "false",
  };
  const keep = (ms: number) => ({ ...shared, "retention.ms": String(ms), "retention.bytes": "-1" });
  const orders = { name: names.orders, settings: keep(limits.logRetentionMs) };
  const letters = { name: names.deadLetters, settings: keep(deadLetterRetentionMs) };
  return [
    { ...orders, partitions, replication },
    { ...letters, partitions: 1, replication },
  ];
}

function differencesOf(plan: TopicPlan, found: TopicFound): string[] {
  const settings = Object.entries(plan.settings).map(([name, value]) => {
    return { name, value, is: found.settings.get(name) ?? "unknown" };
  });
  return [
    { name: "partitions", value: String(plan.partitions), is: String(found.partitions) },
    { name: "replication", value: String(plan.replication), is: String(found.replication) },
    ...settings,
  ]
    .filter(({ value, is }) => value !== is)
    .map(({ name, value, is }) => `${plan.name}: ${name} is ${is}, not ${value}`);
}

/** False if somebody else was quicker. */
async function createTopic(admin: Admin, plan: TopicPlan): Promise<boolean> {
  const configs = Object.entries(plan.settings).map(([name, value]) => ({ name, value }));
  const { name, partitions, replication } = plan;
  try {
    await admin.createTopics({ topics: [name], partitions, replicas: replication, configs });
    return true;
  } catch (reason) {
    const exists = reason instanceof Error && findErrorBy(reason, "apiId", "TOPIC_ALREADY_EXISTS");
    if (exists) return false;
    return asked(`creating ${name}`, () => Promise.reject(reason));
  }
}
