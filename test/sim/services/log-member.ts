/** One member of a consumer group: fetch, handle, commit; then again. What it could not commit is
 *  delivered again, to it or to another member. */
import type { LoggedOrder, Subscription } from "../../../src/ports/order-log.ts";
import type { Life } from "../engine/host.ts";
import { type Assignment, type Broker, pause } from "./log.ts";

export type Member = Subscription;

export interface MemberParts {
  readonly life: Life;
  readonly broker: Broker;
  readonly ask: <T>(work: () => T) => Promise<T>;
}

type Handler = (batch: readonly LoggedOrder[]) => Promise<void>;

const idleMs = 25;
const backOffMs = 250;
const heartbeatMs = 1_000;

export function subscribeTo(
  { life, broker, ask }: MemberParts,
  group: string,
  max: number,
  handler: Handler,
): Member {
  const member = {};
  let stopped = false;
  let failure: string | null = "not joined yet";
  const finished = work();

  async function work(): Promise<void> {
    while (!stopped) {
      try {
        const held = await ask(() => broker.join(group, member));
        failure = null;
        await consume(held);
      } catch (reason) {
        failure = String(reason);
        await pause(life, backOffMs);
      }
    }
    await ask(() => broker.leave(group, member)).catch(() => undefined);
  }

  /** Until the generation has passed. */
  async function consume(held: Assignment): Promise<void> {
    while (!stopped) {
      const batch = await ask(() => broker.fetch(group, member, held, max));
      if (batch === null) return;
      if (batch.length === 0) await pause(life, idleMs);
      else if (!(await handled(batch, held))) return;
    }
  }

  /** False if the batch is somebody else's by now. */
  async function handled(batch: readonly LoggedOrder[], held: Assignment): Promise<boolean> {
    const cancel = heartbeats(held);
    try {
      await handler(batch);
    } catch {
      // The same batch comes again.
      await pause(life, backOffMs);
      return true;
    } finally {
      cancel();
    }
    for (const { partition, offset } of batch) held.positions.set(partition, offset + 1);
    return ask(() => broker.commit(group, member, held));
  }

  /** Fetches nothing, and is heard of. */
  function heartbeats(held: Assignment): () => void {
    let cancel = life.clock.after(heartbeatMs, beat);
    function beat(): void {
      void ask(() => broker.fetch(group, member, held, 0)).catch(() => undefined);
      cancel = life.clock.after(heartbeatMs, beat);
    }
    return () => cancel();
  }

  return {
    failure: () => failure,
    stop: async () => {
      stopped = true;
      await finished;
    },
  };
}
