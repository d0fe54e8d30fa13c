/** What others do to a subscriber's consumer group. */
import { Admin, Consumer } from "@platformatic/kafka";
import { until } from "./until.ts";

/** A member of its group that hears of a change late, and so holds each of them up. */
export async function slowMember(broker: string, group: string, topic: string) {
  const consumer = new Consumer({
    clientId: "slow",
    bootstrapBrokers: [broker],
    groupId: group,
    heartbeatInterval: 2_000,
    sessionTimeout: 10_000,
    rebalanceTimeout: 10_000,
    protocols: [{ name: "cooperative-sticky", version: 3 }],
  });
  consumer.topics.track(topic);
  await consumer.joinGroup();
  return {
    /** How many partitions it has. */
    partitions: () => consumer.assignments?.[0]?.partitions.length ?? 0,
    generation: () => consumer.generationId,
    /** Resolves when the group has gone on without a change for as long as this member is slow. */
    settled: async (after: number) => {
      await until(() => consumer.generationId > after);
      const since = Date.now();
      await until(() => (consumer.lastHeartbeat?.getTime() ?? 0) > since);
    },
    leave: async () => void (await consumer.close(true)),
  };
}

/** Makes the broker forget the group's members that have an instance id: ours. */
export async function forgetMembers(broker: string, group: string): Promise<void> {
  const admin = new Admin({ clientId: "test", bootstrapBrokers: [broker] });
  const found = (await admin.describeGroups({ groups: [group] })).get(group)?.members.values();
  const ours = [...(found ?? [])].filter(({ groupInstanceId }) => groupInstanceId !== null);
  const members = ours.map(({ id }) => ({ memberId: id }));
  await admin.removeMembersFromConsumerGroup({ groupId: group, members });
  await admin.close();
}
