/** Who holds and who waits, for people and programs that look. */
import type { LockQueue } from "../../ports/lease.ts";
import { type EtcdClient, textOf } from "./client.ts";
import { entryOf, type KeyValue, nameIn, rangeOf } from "./lock-keys.ts";

export interface LockListOptions {
  readonly prefix: string;
  readonly generation: number;
}

/** The locks whose name begins with `named`. */
export async function listLocks(
  client: EtcdClient,
  { prefix, generation }: LockListOptions,
  named: string,
): Promise<LockQueue[]> {
  const sorted = { sort_order: "ASCEND", sort_target: "CREATE" };
  const range = { ...rangeOf(prefix + named), ...sorted };
  const { kvs = [] } = await client.call<{ kvs?: KeyValue[] }>("/v3/kv/range", range);
  const queues = Map.groupBy(kvs, ({ key }) => nameIn(prefix, textOf(key)));
  return [...queues].flatMap(([name, found]) => {
    if (name === null) return [];
    return [{ name, queue: found.map((entry) => entryOf(generation, entry)) }];
  });
}
