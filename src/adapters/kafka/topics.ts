/** The topics: their names, and how they are made. */
import { Admin, ConfigResourceTypes } from "@platformatic/kafka";

export interface KafkaOptions {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** What the name of every topic and group begins with. */
  readonly prefix: string;
}

export interface TopicNames {
  readonly orders: string;
  readonly deadLetters: string;
}

export function topicNames(prefix: string): TopicNames {
  return { orders: `${prefix}orders`, deadLetters: `${prefix}orders.dlq` };
}

/** Settings that every client of ours shares: it gives up before a client of ours would. */
export function clientOptions({ brokers }: KafkaOptions, clientId: string) {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: 1_000,
    timeout: 2_000,
    retries: 1,
    retryDelay: 100,
  };
}

const weekMs = 7 * 24 * 3_600_000;

/** What the topics must be made with. The broker's clock stamps the messages, so that produce
 * times of one partition only grow. */
export const topicSettings: Readonly<Record<string, string>> = {
  "cleanup.policy": "delete",
  "message.timestamp.type": "LogAppendTime",
  "retention.ms": String(weekMs),
  "unclean.leader.election.enable": "false",
};

export interface TopicPlan extends KafkaOptions {
  readonly partitions: number;
  readonly replication: number;
}

/** Makes the topics that are not there; returns their names. What is there stays as it is. */
export async function migrateTopics(plan: TopicPlan): Promise<string[]> {
  const admin = new Admin(clientOptions(plan, "doorbuster-migrate"));
  try {
    const names = topicNames(plan.prefix);
    const there = new Set(await admin.listTopics());
    const wanted = [
      { name: names.orders, partitions: plan.partitions },
      { name: names.deadLetters, partitions: 1 },
    ].filter(({ name }) => !there.has(name));
    for (const { name, partitions } of wanted) await create(admin, name, partitions, plan);
    return wanted.map(({ name }) => name);
  } finally {
    await admin.close();
  }
}

function create(admin: Admin, name: string, partitions: number, { replication }: TopicPlan) {
  const minInsync = String(Math.max(1, replication - 1));
  const settings = { ...topicSettings, "min.insync.replicas": minInsync };
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  return admin.createTopics({ topics: [name], partitions, replicas: replication, configs });
}

/** Removes our topics, with everything in them. */
export async function removeTopics(options: KafkaOptions): Promise<void> {
  const admin = new Admin(clientOptions(options, "doorbuster-remove"));
  try {
    const ours: readonly string[] = Object.values(topicNames(options.prefix));
    const there = (await admin.listTopics()).filter((name) => ours.includes(name));
    if (there.length > 0) await admin.deleteTopics({ topics: there });
  } finally {
    await admin.close();
  }
}

export interface TopicState {
  readonly partitions: number;
  readonly replicas: number;
  readonly settings: ReadonlyMap<string, string>;
}

/** A topic as it is, or null if it is not there. */
export async function topicState(options: KafkaOptions, name: string): Promise<TopicState | null> {
  const admin = new Admin(clientOptions(options, "doorbuster-doctor"));
  try {
    if (!(await admin.listTopics()).includes(name)) return null;
    const { topics } = await admin.metadata({ topics: [name] });
    const topic = topics.get(name);
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: name };
    const [described] = await admin.describeConfigs({ resources: [resource] });
    const settings = (described?.configs ?? []).map(
      ({ name: key, value }) => [key, value ?? ""] as const,
    );
    return {
      partitions: topic?.partitionsCount ?? 0,
      replicas: topic?.partitions[0]?.replicas.length ?? 0,
      settings: new Map(settings),
    };
  } finally {
    await admin.close();
  }
}
