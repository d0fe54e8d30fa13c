/** Buckets of one sale in memory, each step atomic and each call a turn of the event loop later, so
 *  that callers interleave; a test decides which steps get lost. */
import { epoch, units } from "../../src/domain/ids.ts";
import type { BucketLevel, StockStore, Transfer } from "../../src/ports/stock-store.ts";

interface Bucket {
  remaining: number;
  changes: number;
  readonly sent: Map<number, number>;
  readonly outgoing: Map<number, Transfer>;
  readonly received: Map<number, number>;
}

export function bucketModel(stock: readonly number[]) {
  const buckets: Bucket[] = stock.map((remaining) => ({
    remaining,
    changes: 0,
    sent: new Map(),
    outgoing: new Map(),
    received: new Map(),
  }));
  const at = (bucket: number) => buckets[bucket] as Bucket;

  const store: Pick<StockStore, "buckets" | "send" | "receive"> = {
    buckets: async () => {
      const levels: BucketLevel[] = [];
      for (const bucket of buckets) {
        await turn();
        levels.push(levelOf(bucket));
      }
      return levels;
    },
    send: async (_, from, to, wanted) => {
      await turn();
      const bucket = at(from);
      const moved = Math.min(bucket.remaining, wanted);
      if (moved === 0 || bucket.outgoing.has(to)) return null;
      const number = (bucket.sent.get(to) ?? 0) + 1;
      const transfer = { epoch: epoch(1), from, to, number, units: units(moved) };
      bucket.sent.set(to, number);
      bucket.outgoing.set(to, transfer);
      bucket.remaining -= moved;
      bucket.changes += 1;
      return transfer;
    },
    receive: async (_, { from, to, number, units: moved }) => {
      await turn();
      const target = at(to);
      if ((target.received.get(from) ?? 0) < number) {
        target.received.set(from, number);
        target.remaining += moved;
        target.changes += 1;
      }
      await turn();
      const source = at(from);
      if (source.outgoing.get(to)?.number !== number) return;
      source.outgoing.delete(to);
      source.changes += 1;
    },
  };

  /** Takes units as a purchase does; false if the bucket has too few. */
  function take(bucket: number, quantity: number): boolean {
    if (at(bucket).remaining < quantity) return false;
    at(bucket).remaining -= quantity;
    at(bucket).changes += 1;
    return true;
  }

  function total(): number {
    const onTheWay = buckets.flatMap((bucket) => [...bucket.outgoing.values()]);
    const arrived = ({ from, to, number }: Transfer) => (at(to).received.get(from) ?? 0) >= number;
    const open = onTheWay.filter((transfer) => !arrived(transfer));
    const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
    return sum(buckets.map((bucket) => bucket.remaining)) + sum(open.map((one) => one.units));
  }

  return { store, take, total, remaining: () => buckets.map((bucket) => bucket.remaining) };
}

function levelOf(bucket: Bucket): BucketLevel {
  return {
    remaining: units(bucket.remaining),
    outgoing: [...bucket.outgoing.values()],
    received: new Map(bucket.received),
    changes: bucket.changes,
    epoch: epoch(1),
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
