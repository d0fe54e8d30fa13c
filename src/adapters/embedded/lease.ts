/** Locks inside the one process that has the data directory. They end with the process, so a lock
 * is never lost and nothing is resumed; only the tokens outlive it, because they must grow. */
import { type LockToken, lockToken } from "../../domain/ids.ts";
import { present } from "../../lib/assert.ts";
import { err, ok, type Result } from "../../lib/result.ts";
import type { AcquireOptions, Held, Lease, LockEntry } from "../../ports/lease.ts";
import type { Database } from "./database.ts";
import nextSql from "./sql/lock-token-next.sql" with { type: "text" };

/** Somebody in a lock's queue; the first holds it. */
interface Place extends LockEntry {
  /** Set while it waits. */
  arrive: (() => void) | null;
}

type Refused = "timeout" | "cancelled";

export function embeddedLease(database: Database): Lease {
  const next = database.sql.prepare<{ last: number }, []>(nextSql);
  const queues = new Map<string, Place[]>();
  const newToken = (): Promise<LockToken> =>
    database.write(() => lockToken(present(next.get(), "the tokens have a row").last));

  async function acquire(
    name: string,
    options: AcquireOptions = {},
  ): Promise<Result<Held, Refused>> {
    const about = options.about ?? "";
    const uuid = crypto.randomUUID();
    const token = await newToken();
    const holder = `process ${process.pid}`;
    const place: Place = { token, holder, leaseId: "-", uuid, about, arrive: null };
    const queue = queues.get(name) ?? [];
    queues.set(name, queue);
    // Tokens come in the order in which they were asked for, and so stands the queue.
    queue.push(place);
    if (queue[0] !== place) {
      const refused = await turn(place, options);
      if (refused !== null) leave(name, place);
      if (refused !== null) return err(refused);
    }
    const { signal: lost } = new AbortController();
    const valid = () => queues.get(name)?.[0] === place;
    const release = async () => leave(name, place);
    return ok({ name, token, resumed: false, lost, valid, release });
  }

  function leave(name: string, place: Place): void {
    const queue = queues.get(name) ?? [];
    const at = queue.indexOf(place);
    if (at < 0) return;
    queue.splice(at, 1);
    if (queue.length === 0) queues.delete(name);
    else if (at === 0) queue[0]?.arrive?.();
  }

  const list: Lease["list"] = async (prefix) =>
    [...queues]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, queue]) => ({ name, queue: queue.map(({ arrive: _, ...entry }) => entry) }));

  return { acquire, list, failure: database.failure, close: async () => queues.clear() };
}

/** Null once it is first in the queue. */
function turn(place: Place, { timeoutMs, signal }: AcquireOptions): Promise<Refused | null> {
  return new Promise((resolve) => {
    const end = (how: Refused | null) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancelled);
      place.arrive = null;
      resolve(how);
    };
    const cancelled = () => end("cancelled");
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => end("timeout"), timeoutMs);
    place.arrive = () => end(null);
    signal?.addEventListener("abort", cancelled);
    if (signal?.aborted) cancelled();
  });
}
