/** Looks whether Kafka is set up so that no accepted order can be lost in it. */
import { type Finding, failing, fine, warning } from "../../lib/finding.ts";
import { unreachable } from "../shared/service-findings.ts";
import { type KafkaOptions, type TopicState, topicNames, topicState } from "./topics.ts";

const weekMs = 7 * 24 * 3_600_000;
const migrateHelp = "Run `doorbuster migrate`.";

export async function kafkaFindings(options: KafkaOptions): Promise<Finding[]> {
  const { orders, deadLetters } = topicNames(options.prefix);
  try {
    const state = await topicState(options, orders);
    if (state === null) return [failing("kafka topics", `there is no ${orders}`, migrateHelp)];
    const letters = await topicState(options, deadLetters);
    if (letters === null) {
      return [failing("kafka topics", `there is no ${deadLetters}`, migrateHelp)];
    }
    return [
      fine("kafka topics", `${orders} with ${state.partitions} partitions, ${deadLetters}`),
      replication(state),
      insync(state),
      unclean(state),
      timestamps(state),
      retention(state),
    ];
  } catch (reason) {
    return [unreachable("kafka", reason, "Start it, or mend kafka.brokers.")];
  }
}

function replication({ replicas }: TopicState): Finding {
  const detail = `${replicas} ${replicas === 1 ? "copy" : "copies"} of every message`;
  if (replicas >= 3) return fine("kafka replication", detail);
  return warning("kafka replication", detail, "In production have 3 brokers, replication 3.");
}

function insync({ settings, replicas }: TopicState): Finding {
  const value = Number(settings.get("min.insync.replicas") ?? 1);
  const detail = `min.insync.replicas ${value}`;
  if (value >= 2 && value < replicas) return fine("kafka acknowledgement", detail);
  const help = "In production 2 of 3: an acknowledged order then survives the loss of a broker.";
  return warning("kafka acknowledgement", detail, help);
}

function unclean({ settings }: TopicState): Finding {
  const value = settings.get("unclean.leader.election.enable") ?? "false";
  const detail = `unclean.leader.election.enable ${value}`;
  if (value === "false") return fine("kafka elections", detail);
  return failing("kafka elections", detail, "Set it false: a leader that lags forgets orders.");
}

function timestamps({ settings }: TopicState): Finding {
  const value = settings.get("message.timestamp.type") ?? "";
  const detail = `message.timestamp.type ${value}`;
  if (value === "LogAppendTime") return fine("kafka timestamps", detail);
  return failing("kafka timestamps", detail, "Set LogAppendTime: the sweep reads produce times.");
}

function retention({ settings }: TopicState): Finding {
  const value = Number(settings.get("retention.ms") ?? 0);
  const days = value < 0 ? "no limit" : `${Math.round(value / 86_400_000)} days`;
  if (value < 0 || value >= weekMs) return fine("kafka retention", days);
  return warning("kafka retention", days, "Keep a week: what is gone cannot be placed any more.");
}
