/** Looks whether Kafka is set up so that no accepted order can be lost in it. The brokers' clock is
 * not looked at: Kafka tells it to nobody who does not write. */
import { limits } from "../../domain/limits.ts";
import { type Finding, failing, fine, warning } from "../../lib/finding.ts";
import { unreachable } from "../shared/service-findings.ts";
import { asked } from "./connection.ts";
import { consumptionFinding } from "./consumption-findings.ts";
import { groupName, topicNames } from "./names.ts";
import { findTopic, type TopicFound, type TopicsPlan, withAdmin } from "./topics.ts";

/** `group` is the ledger's consumer group. */
export async function kafkaFindings(plan: TopicsPlan, group: string): Promise<Finding[]> {
  const names = topicNames(plan.prefix);
  const consumers = groupName(plan.prefix, group);
  try {
    return await withAdmin(plan, async (admin) => {
      const { brokers } = await asked("reaching the brokers", () => admin.metadata({ topics: [] }));
      const orders = await findTopic(admin, names.orders);
      const letters = await findTopic(admin, names.deadLetters);
      return [
        fine("kafka", `brokers: ${brokers.size}`),
        ...loginFindings(plan),
        ...(orders === null ? [missing(names.orders)] : topicFindings(orders, plan)),
        ...(letters === null ? [missing(names.deadLetters)] : [replication(letters)]),
        ...(orders === null ? [] : [await consumptionFinding(admin, names.orders, consumers)]),
      ];
    });
  } catch (reason) {
    return [unreachable("kafka", reason, help)];
  }
}

const help = "Start it, or mend kafka.brokers, kafka.tls or kafka.sasl.";

function loginFindings({ tls, sasl }: TopicsPlan): Finding[] {
  if (sasl?.mechanism !== "PLAIN" || tls?.enabled === true) return [];
  const advice = "Set kafka.tls.enabled, or log in by SCRAM: whoever listens learns the password.";
  return [warning("kafka login", "PLAIN without encryption", advice)];
}

function missing(name: string): Finding {
  return failing("kafka topics", `there is no ${name}`, "Run `doorbuster migrate`.");
}

function topicFindings(topic: TopicFound, plan: TopicsPlan): Finding[] {
  return [
    partitions(topic, plan),
    replication(topic),
    insync(topic),
    elections(topic),
    timestamps(topic),
    cleanup(topic),
    retention(topic),
  ];
}

function partitions({ name, partitions: count }: TopicFound, plan: TopicsPlan): Finding {
  const detail = `${name} has ${count}`;
  if (count === plan.partitions) return fine("kafka partitions", detail);
  const help =
    `kafka.partitions says ${plan.partitions}. Set it to ${count}: were the topic to change, a ` +
    "buyer's orders could lose their order.";
  return warning("kafka partitions", detail, help);
}

function replication({ name, replication: copies }: TopicFound): Finding {
  const detail = `${name}: ${copies} ${copies === 1 ? "copy" : "copies"} of every message`;
  if (copies >= 3) return fine("kafka replication", detail);
  return warning("kafka replication", detail, "In production have 3 brokers and 3 copies.");
}

function insync({ settings, replication: copies }: TopicFound): Finding {
  const value = Number(settings.get("min.insync.replicas") ?? 1);
  const detail = `min.insync.replicas ${value}`;
  if (value >= 2 && value < copies) return fine("kafka acknowledgement", detail);
  const help =
    value > 1 && value >= copies
      ? "Have fewer than there are copies: nothing can be sold while one broker is away."
      : "In production 2 of 3: an acknowledged order then survives the loss of a broker.";
  return warning("kafka acknowledgement", detail, help);
}

function elections({ settings }: TopicFound): Finding {
  const value = settings.get("unclean.leader.election.enable") ?? "false";
  const detail = `unclean.leader.election.enable ${value}`;
  if (value === "false") return fine("kafka elections", detail);
  return failing("kafka elections", detail, "Set it false: a leader that lags forgets orders.");
}

function timestamps({ settings }: TopicFound): Finding {
  const value = settings.get("message.timestamp.type") ?? "";
  const detail = `message.timestamp.type ${value}`;
  if (value === "LogAppendTime") return fine("kafka timestamps", detail);
  return failing("kafka timestamps", detail, "Set LogAppendTime: the sweep reads produce times.");
}

function cleanup({ settings }: TopicFound): Finding {
  const value = settings.get("cleanup.policy") ?? "";
  const detail = `cleanup.policy ${value}`;
  if (value === "delete") return fine("kafka cleanup", detail);
  return failing("kafka cleanup", detail, "Set delete: compaction keeps one order of each buyer.");
}

function retention({ settings }: TopicFound): Finding {
  const ms = Number(settings.get("retention.ms") ?? 0);
  const bytes = Number(settings.get("retention.bytes") ?? -1);
  const time = ms < 0 ? "for ever" : `${(ms / 86_400_000).toFixed(1)} days`;
  const detail = `${time}${sizeText(bytes)}`;
  if ((ms < 0 || ms >= limits.logRetentionMs) && bytes < 0) return fine("kafka retention", detail);
  const help = "Keep 7 days and any size: what is gone cannot be placed any more.";
  return warning("kafka retention", detail, help);
}

function sizeText(bytes: number): string {
  return bytes < 0 ? "" : `, at most ${bytes} bytes a partition`;
}
