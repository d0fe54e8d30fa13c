/** Keys that etcd makes long after somebody asked for them: when nobody waits for them any more, or
 *  when the process that asked has died and another one goes on under its lease. Such a key would
 *  stand in its queue as long as the lease lives, so for a while it is looked for. */
import type { Clock } from "../../ports/clock.ts";
import { type EtcdClient, textOf } from "./client.ts";
import type { KeyRemover } from "./key-remover.ts";
import type { Session } from "./session.ts";

export interface LateKeys {
  /** Removes this key should it appear. */
  expect(session: Session, key: string): void;
  /** Removes all keys under the lease but those that are known; resolves after the first look, and
   * goes on looking. Throws if etcd does not answer that. */
  clear(session: Session, isKnown: (key: string) => boolean): Promise<void>;
}

interface LateKeysOptions {
  readonly client: EtcdClient;
  readonly clock: Pick<Clock, "elapsed" | "after">;
}

type Wanted = (key: string) => boolean;

const everyMs = 1_000;
/** No request is under way for longer. */
const forMs = 60_000;

export function lateKeys({ client, clock }: LateKeysOptions, remover: KeyRemover): LateKeys {
  /** What to look for, each with the time until which it may come. */
  const looking = new Map<Session, Map<Wanted, number>>();

  function add(session: Session, wanted: Wanted): void {
    const known = looking.get(session);
    const all = known ?? new Map<Wanted, number>();
    all.set(wanted, clock.elapsed() + forMs);
    looking.set(session, all);
    if (known === undefined) lookSoon(session, all);
  }

  function lookSoon(session: Session, all: Map<Wanted, number>): void {
    clock.after(everyMs, () => {
      for (const [wanted, until] of all) if (until < clock.elapsed()) all.delete(wanted);
      if (all.size === 0 || !session.valid()) {
        looking.delete(session);
        return;
      }
      const isWanted: Wanted = (key) => [...all.keys()].some((wanted) => wanted(key));
      void look(session, isWanted)
        .catch(() => undefined)
        .then(() => lookSoon(session, all));
    });
  }

  async function look(session: Session, wanted: Wanted): Promise<void> {
    const there = (await keysUnder(client, session)).filter(wanted);
    await Promise.all(there.map((key) => remover.discard(session, key)));
  }

  return {
    expect: (session, key) => add(session, (found) => found === key),
    clear: async (session, isKnown) => {
      const isUnknown: Wanted = (key) => !isKnown(key);
      await look(session, isUnknown);
      add(session, isUnknown);
    },
  };
}

async function keysUnder(client: EtcdClient, { number: ID }: Session): Promise<string[]> {
  const body = { ID, keys: true };
  const { keys = [] } = await client.call<{ keys?: string[] }>("/v3/lease/timetolive", body);
  return keys.map(textOf);
}
