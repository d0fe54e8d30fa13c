/** Looks whether a group consumes the order log, and from positions that the log has. */
import { type Admin, ListOffsetTimestamps } from "@platformatic/kafka";
import { type Finding, failing, fine, warning } from "../../lib/finding.ts";
import type { LogLag } from "../../ports/order-log.ts";
import { asked } from "./connection.ts";
import { logPositions } from "./log-positions.ts";
import { topicOffsets } from "./topic-offsets.ts";

/** Older orders than that wait for nobody who works. */
const longSeconds = 10;

const check = "kafka consumption";

/** `group` and `topic` are the full names. */
export async function consumptionFinding(
  admin: Admin,
  topic: string,
  group: string,
): Promise<Finding> {
  const astray = await positionsAstray(admin, topic, group);
  if (astray.length > 0) return failing(check, `group ${group}: ${astray.join(", ")}`, astrayHelp);
  const lag = await logPositions(admin, topic).lag(group);
  if (lag.messages === 0) return fine(check, `group ${group} has consumed everything`);
  if (lag.seconds < longSeconds) return fine(check, lagText(lag));
  const members = await membersOf(admin, group);
  return warning(check, `${lagText(lag)}; members of group ${group}: ${members}`, lagHelp);
}

const astrayHelp =
  "These orders may have been removed before they were placed: find out which, then reset the " +
  "group's offsets.";
const lagHelp = "Start `serve --roles orders`, or see what its /readyz says.";

function lagText({ messages, seconds }: LogLag): string {
  return `${messages} orders to be placed, the oldest ${seconds.toFixed(1)} s old`;
}

async function positionsAstray(admin: Admin, topic: string, group: string): Promise<string[]> {
  const { all, committedBy } = topicOffsets(admin, topic);
  const [earliest, latest, committed] = await Promise.all([
    all(ListOffsetTimestamps.EARLIEST),
    all(ListOffsetTimestamps.LATEST),
    committedBy(group),
  ]);
  return committed.flatMap(({ offset }, partition) => {
    const [from, to] = [earliest[partition]?.offset ?? 0, latest[partition]?.offset ?? 0];
    if (offset < 0 || (offset >= from && offset <= to)) return [];
    return [`partition ${partition} is at ${offset}, the log has ${from} to ${to}`];
  });
}

async function membersOf(admin: Admin, group: string): Promise<number> {
  const groups = await asked(`describing group ${group}`, () =>
    admin.describeGroups({ groups: [group] }),
  );
  return groups.get(group)?.members.size ?? 0;
}
