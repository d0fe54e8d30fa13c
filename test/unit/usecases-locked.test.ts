/** Sales that are sold under a lock: several processes, each with its own batches, take turns over
 *  one stock and one queue of locks. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lockToken, type SaleId, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale.ts";
import { err, ok } from "../../src/lib/result.ts";
import type { Held, Lease } from "../../src/ports/lease.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { stockLock } from "../../src/usecases/locked-stock.ts";
import { purchase } from "../../src/usecases/purchase.ts";
import { type PurchaseBatches, purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { request } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";
import { until } from "../support/until.ts";

let engine: EmbeddedEngine;
let sale: Sale;
let lease: Lease;
beforeEach(async () => {
  engine = await embeddedEngine();
  sale = await engine.openSale({ stock: units(100), strategy: "locked" });
  lease = engine.deps.lease;
});
afterEach(() => engine.close());

interface Over {
  readonly stock?: Partial<StockStore>;
  readonly lease?: Partial<Lease>;
}

/** What another process has: batches of its own, in the same stores. */
function aProcess(over: Over = {}): PurchaseBatches {
  const stock = { ...engine.deps.stock, ...over.stock };
  const locks = { ...lease, ...over.lease };
  return purchaseBatches({ ...engine.deps, stock, lease: locks, applied: () => undefined });
}

let buyers = 0;
const buyFrom = (batches: PurchaseBatches) => {
  buyers += 1;
  return batches.reserve(sale, request({ buyer: `b${buyers}` }));
};
const reserved = { ok: true, value: { kind: "reserved" } };
const unavailable = (detail: string) => ({
  ok: false,
  error: { code: "stock-unavailable", detail: expect.stringContaining(detail) },
});

const queueOf = async (id: SaleId = sale.id) =>
  (await lease.list(stockLock(id))).find(({ name }) => name === stockLock(id))?.queue ?? [];
const queued = (count: number) => until(async () => (await queueOf()).length === count);

const { lockTurnMs, lockLooks } = limits;
const lookMs = lockTurnMs / lockLooks;
/** Lets a process look whether it still needs its turn. */
const look = () => engine.clock.advance(lookMs);

/** Keeps a turn in use until its time is over. */
async function useTurn(batches: PurchaseBatches): Promise<void> {
  for (let looks = 0; looks < lockLooks; looks += 1) {
    expect(await buyFrom(batches)).toMatchObject(reserved);
    look();
  }
}

describe("the lock of a sale", () => {
  test("is held while units are taken, and tells what it is about", async () => {
    const batches = aProcess();
    expect(await buyFrom(batches)).toMatchObject(reserved);
    expect(await queueOf()).toMatchObject([{ about: sale.productId }]);
  });

  test("is one for all requests and all buckets, as long as nobody else wants it", async () => {
    sale = await engine.openSale({ stock: units(100), strategy: "locked", buckets: 4 });
    const batches = aProcess();
    await Promise.all(Array.from({ length: 40 }, () => buyFrom(batches)));
    await useTurn(batches);
    await buyFrom(batches);
    expect(batches.locked()).toMatchObject({ turns: 1, decided: 51, stale: 0 });
  });

  test("is given up when it was not used for a while", async () => {
    const batches = aProcess();
    await buyFrom(batches);
    look();
    await queued(1);
    look();
    await queued(0);
    expect(batches.locked()).toMatchObject({ turns: 1, heldMs: 2 * lookMs });
  });

  test("passes between processes in the order in which they came", async () => {
    const [first, second, third] = [aProcess(), aProcess(), aProcess()];
    const order: string[] = [];
    const buy = async (name: string, batches: PurchaseBatches) => {
      expect(await buyFrom(batches)).toMatchObject(reserved);
      order.push(name);
    };
    await buy("first", first);
    const others = [buy("second", second)];
    await queued(2);
    others.push(buy("third", third));
    await queued(3);
    await useTurn(first);
    await queued(2);
    others.push(buy("first again", first));
    await queued(3);
    for (const left of [2, 1]) {
      await until(async () => {
        look();
        return (await queueOf()).length === left;
      });
    }
    await Promise.all(others);
    expect(order).toEqual(["first", "second", "third", "first again"]);
  });

  test("is not passed on while a batch is being decided", async () => {
    const gate = Promise.withResolvers<void>();
    const { reserve } = engine.deps.stock;
    const slowReserve: StockStore["reserve"] = (...asked) =>
      gate.promise.then(() => reserve(...asked));
    const slow = buyFrom(aProcess({ stock: { reserve: slowReserve } }));
    await queued(1);
    let served = false;
    const other = buyFrom(aProcess()).then((decision) => {
      served = true;
      return decision;
    });
    await queued(2);
    for (let n = 0; n < 50; n += 1) {
      look();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect([served, (await queueOf()).length]).toEqual([false, 2]);
    gate.resolve();
    expect(await slow).toMatchObject(reserved);
    expect(await other).toMatchObject(reserved);
  });

  test("of another sale whose name begins the same counts for nothing", async () => {
    const other = await lease.acquire(`${stockLock(sale.id)}0`);
    void lease.acquire(`${stockLock(sale.id)}0`);
    expect(other.ok).toBe(true);
    const batches = aProcess();
    await useTurn(batches);
    await buyFrom(batches);
    expect(batches.locked().turns).toBe(1);
  });

  test("is not asked for by a sale of the strategy atomic", async () => {
    sale = await engine.openSale({ stock: units(1) });
    const away = { acquire: () => Promise.reject(new ServiceUnavailable("etcd is away")) };
    expect(await buyFrom(aProcess({ lease: away }))).toMatchObject(reserved);
  });
});

describe("a lock that has passed on", () => {
  test("takes nothing, and the same requests are decided under a new one", async () => {
    const batches = aProcess();
    await buyFrom(batches);
    const [held] = await queueOf();
    const later = lockToken((held?.token ?? 0) + 1);
    await engine.deps.stock.reserve(sale.id, 0, [request({ buyer: "other" })], later);
    expect(await buyFrom(batches)).toMatchObject(reserved);
    expect(batches.locked()).toMatchObject({ turns: 2, decided: 2, stale: 1 });
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 97 });
    await queued(1);
  });

  test("is given back by the last of those who work under it", async () => {
    sale = await engine.openSale({ stock: units(100), strategy: "locked", buckets: 4 });
    const batches = aProcess();
    await Promise.all(Array.from({ length: 40 }, () => buyFrom(batches)));
    const [held] = await queueOf();
    const later = lockToken((held?.token ?? 0) + 1);
    for (let bucket = 0; bucket < 4; bucket += 1) {
      await engine.deps.stock.reserve(sale.id, bucket, [], later);
    }
    const decisions = await Promise.all(Array.from({ length: 40 }, () => buyFrom(batches)));
    expect(decisions.every((decision) => decision.ok)).toBe(true);
    expect((await queueOf()).length).toBe(1);
  });

  test("again and again, as after a step back of etcd, ends in stock-unavailable", async () => {
    await engine.deps.stock.reserve(sale.id, 0, [request({})], lockToken(1_000_000));
    const batches = aProcess();
    const { deps } = engine;
    const command = { ...request({ buyer: "late" }), sale };
    expect(await purchase({ ...deps, batches }, command)).toMatchObject(unavailable("lock of"));
    expect(batches.locked()).toMatchObject({ decided: 0, stale: limits.lockTriesMax });
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 99 });
    await queued(0);
  });

  test("whenever it was had refuses purchases instead of keeping them waiting", async () => {
    const acquire: Lease["acquire"] = async (name, options) => {
      const got = await lease.acquire(name, options);
      return got.ok ? ok<Held>({ ...got.value, valid: () => false }) : got;
    };
    const batches = aProcess({ lease: { acquire } });
    expect(await buyFrom(batches)).toMatchObject(unavailable("whenever it was had"));
    expect(batches.locked()).toMatchObject({ turns: limits.lockTriesMax, decided: 0 });
    await queued(0);
  });

  test("after a long wait is not waited for again", async () => {
    await engine.deps.stock.reserve(sale.id, 0, [request({})], lockToken(1_000_000));
    const { reserve } = engine.deps.stock;
    const slowReserve: StockStore["reserve"] = (...asked) => {
      engine.clock.advance(limits.lockWaitMs);
      return reserve(...asked);
    };
    const batches = aProcess({ stock: { reserve: slowReserve } });
    expect(await buyFrom(batches)).toMatchObject({ error: { code: "stale-token" } });
    expect(batches.locked().turns).toBe(1);
  });

  test("by this process's own clock is not used any more", async () => {
    const ended = new Set<number>();
    const acquire: Lease["acquire"] = async (name, options) => {
      const got = await lease.acquire(name, options);
      return got.ok ? ok<Held>({ ...got.value, valid: () => !ended.has(got.value.token) }) : got;
    };
    const batches = aProcess({ lease: { acquire } });
    await buyFrom(batches);
    const [first] = await queueOf();
    ended.add(first?.token ?? 0);
    expect(await buyFrom(batches)).toMatchObject(reserved);
    expect(batches.locked()).toMatchObject({ turns: 2, decided: 2, stale: 0 });
  });
});

describe("while locks cannot be had", () => {
  const refusing = (reason: Error) => ({ acquire: () => Promise.reject(reason) });

  test("purchases are refused, and served again once they can", async () => {
    const away = new ServiceUnavailable("etcd does not answer");
    let acquire: Lease["acquire"] = refusing(away).acquire;
    const batches = aProcess({ lease: { acquire: (...asked) => acquire(...asked) } });
    const { deps } = engine;
    const command = { ...request({ buyer: "a" }), sale };
    const buy = () => purchase({ ...deps, batches }, command);
    expect(await buy()).toMatchObject(unavailable("etcd does not answer"));
    acquire = async () => err("cancelled");
    expect(await buy()).toMatchObject(unavailable("cancelled"));
    acquire = lease.acquire;
    expect((await buy()).ok).toBe(true);
  });

  test("a process goes on with the lock that it has", async () => {
    const list = () => Promise.reject(new ServiceUnavailable("etcd does not answer"));
    const batches = aProcess({ lease: { list } });
    await useTurn(batches);
    expect(await buyFrom(batches)).toMatchObject(reserved);
    expect(batches.locked().turns).toBe(1);
  });

  test("because another process keeps it, nobody waits for long", async () => {
    const other = await lease.acquire(stockLock(sale.id));
    const batches = aProcess();
    const first = buyFrom(batches);
    await queued(2);
    engine.clock.advance(limits.lockWaitMs);
    expect(await first).toMatchObject(unavailable("try again"));
    expect(await buyFrom(batches)).toMatchObject(unavailable("try again"));
    if (other.ok) await other.value.release();
    await until(async () => (await buyFrom(batches)).ok);
  });

  test("a stock that fails leaves the outcome unknown and the lock usable", async () => {
    const reserve = () => Promise.reject(new Error("no answer"));
    const failing = aProcess({ stock: { reserve } });
    await expect(buyFrom(failing)).rejects.toThrow("no answer");
    const other = buyFrom(aProcess());
    await queued(2);
    look();
    look();
    expect(await other).toMatchObject(reserved);
  });
});
