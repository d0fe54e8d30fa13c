/** Whether the brokers answer and have the topic: asked again and again, so that readiness tells of
 *  an outage, and of its end, also while nothing is sold. */
import { Admin, findErrorBy } from "@platformatic/kafka";
import { clientOptions, type KafkaConnection, whyOf } from "./connection.ts";
import { pause } from "./wake-up.ts";

export interface Reachability {
  /** Null if all is well. */
  failure(): string | null;
  close(): Promise<void>;
}

const everyMs = 1_000;

export function watchReachability(connection: KafkaConnection, topic: string): Reachability {
  const stopper = new AbortController();
  const options = { ...clientOptions(connection), retries: 0, requestTimeout: everyMs };
  const admin = new Admin(options);
  let failure: string | null = "the brokers have not answered yet";

  const running = (async () => {
    while (!stopper.signal.aborted) {
      failure = await probe(admin, topic);
      await pause(everyMs, stopper.signal);
    }
  })();

  async function close(): Promise<void> {
    stopper.abort();
    await running;
    await admin.close();
  }

  return { failure: () => failure, close };
}

async function probe(admin: Admin, topic: string): Promise<string | null> {
  try {
    await admin.metadata({ topics: [topic], forceUpdate: true });
    return null;
  } catch (reason) {
    if (isUnknown(topic, reason))
      return `the topic ${topic} does not exist: run \`doorbuster migrate\``;
    return `the brokers cannot be reached: ${whyOf(reason)}`;
  }
}

/** The library has no code for it. */
function isUnknown(topic: string, reason: unknown): boolean {
  return (
    reason instanceof Error && findErrorBy(reason, "message", `Unknown topic ${topic}.`) !== null
  );
}
