/** What the controller of a sale mends: stock that was lost, and books that do not add up. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { epoch, lockToken, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale.ts";
import type { Lease } from "../../src/ports/lease.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { stockLock } from "../../src/usecases/locked-stock.ts";
import { stockMender } from "../../src/usecases/mend-stock.ts";
import { reconcile } from "../../src/usecases/reconcile.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";
import { until } from "../support/until.ts";

let engine: EmbeddedEngine;
beforeEach(async () => {
  engine = await embeddedEngine();
});
afterEach(() => engine.close());

const holds = () => ({ kind: "holds", token: lockToken(5) }) as const;
const turns = async () => {
  for (let n = 0; n < 20; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};

/** Runs something that waits for the clock. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let done = false;
  void work.finally(() => {
    done = true;
  });
  while (!done) {
    await turns();
    engine.clock.advance(limits.appendDeadlineMs);
    await engine.consume();
  }
  return work;
}

describe("lost stock", () => {
  let sale: Sale;
  let lost = false;
  beforeEach(async () => {
    sale = await engine.openSale({ stock: units(5), perBuyerLimit: units(2) });
    lost = true;
  });

  /** The stock reads as not loaded until somebody loads it. */
  function mender(over: Partial<Sale> = {}) {
    const { stock } = engine.deps;
    const load: typeof stock.load = (...args) => {
      lost = false;
      return stock.load(...args);
    };
    const level: typeof stock.level = async (id) => (lost ? null : stock.level(id));
    const made = stockMender({ ...engine.deps, stock: { ...stock, load, level } }, ordersGroup);
    return { ...made, mend: () => inTime(made.mend([{ ...sale, ...over }], holds)) };
  }

  test("is loaded anew by the holder, once it has been missing for a while", async () => {
    await engine.buy(sale, { buyer: "a" });
    const { mend } = mender();
    expect((await mend()).loaded).toEqual([]);
    engine.clock.advance(limits.stockMissingMs);
    expect(await mend()).toEqual({ loaded: [sale.id], overtaken: [] });
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ epoch: 2, remaining: 4 });
    expect((await mend()).loaded).toEqual([]);
  });

  test("that is there again was being loaded by somebody else", async () => {
    const { mend } = mender();
    await mend();
    lost = false;
    await mend();
    lost = true;
    expect((await mend()).loaded).toEqual([]);
  });

  test("is left to the holder", async () => {
    const { deps } = engine;
    const level = async () => null;
    const made = stockMender({ ...deps, stock: { ...deps.stock, level } }, ordersGroup);
    const helps = () => ({ kind: "helps" }) as const;
    await made.mend([sale], helps);
    engine.clock.advance(limits.stockMissingMs);
    expect(await made.mend([sale], helps)).toEqual({ loaded: [], overtaken: [] });
  });

  test("of which nothing can be told is left alone", async () => {
    const { deps } = engine;
    const level = () => Promise.reject(new ServiceUnavailable("Redis is away"));
    const made = stockMender({ ...deps, stock: { ...deps.stock, level } }, ordersGroup);
    await made.mend([sale], holds);
    engine.clock.advance(limits.stockMissingMs);
    expect(await made.mend([sale], holds)).toEqual({ loaded: [], overtaken: [] });
  });

  test("is not loaded by a controller that another one has followed", async () => {
    await engine.deps.orders.nextEpoch(sale.id, lockToken(6));
    const { mend, distrust } = mender();
    distrust(sale.id);
    expect(await mend()).toEqual({ loaded: [], overtaken: [sale.id] });
    expect(lost).toBe(true);
  });

  test("of a sale that is sold under a lock is loaded under that lock", async () => {
    const { mend, distrust } = mender({ strategy: "locked" });
    const seller = await engine.deps.lease.acquire(stockLock(sale.id));
    if (!seller.ok) throw new Error(seller.error);
    distrust(sale.id);
    const mending = mend();
    await until(async () => (await engine.deps.lease.list("stock/"))[0]?.queue.length === 2);
    await seller.value.release();
    expect((await mending).loaded).toEqual([sale.id]);
    const request = { ...(await anOrder()) };
    const late = await engine.deps.stock.reserve(sale.id, 0, [request], seller.value.token);
    expect(late).toMatchObject({ error: { code: "stale-token" } });
    expect(await engine.deps.lease.list("stock/")).toEqual([]);
  });

  test("gives back a lock that comes after another could not be had", async () => {
    const other = await engine.openSale({ stock: units(5) });
    const late = Promise.withResolvers<void>();
    const got: ReturnType<Lease["acquire"]>[] = [];
    const { lease } = engine.deps;
    const acquire: Lease["acquire"] = async (name, options) => {
      if (name === stockLock(sale.id)) throw new ServiceUnavailable("etcd is away");
      await late.promise;
      const held = lease.acquire(name, options);
      got.push(held);
      return held;
    };
    const { mend, distrust } = stockMender({ ...engine.deps, lease: { acquire } }, ordersGroup);
    for (const { id } of [sale, other]) distrust(id);
    const strategy = "locked" as const;
    const mending = mend(
      [sale, other].map((one) => ({ ...one, strategy })),
      holds,
    );
    const failed = mending.catch(String);
    await turns();
    late.resolve();
    expect(await failed).toContain("etcd is away");
    await turns();
    expect((await Promise.all(got)).map(({ ok }) => ok)).toEqual([true]);
    await turns();
    expect(await lease.list("stock/")).toEqual([]);
  });

  async function anOrder() {
    const { request } = await import("../support/builders.ts");
    return request({});
  }

  test("of a sale that was never loaded is loaded without barriers", async () => {
    const { orders } = engine.deps;
    const ledger: typeof orders.ledger = async (id) => {
      const state = await orders.ledger(id);
      return state === null ? null : { ...state, epoch: epoch(0) };
    };
    const firstEpoch: typeof orders.firstEpoch = async (id) => {
      const at = await orders.nextEpoch(id);
      const fenced = at.ok ? await orders.fence(id, at.value) : at;
      return fenced.ok ? fenced.value : null;
    };
    const deps = { ...engine.deps, orders: { ...orders, ledger, firstEpoch } };
    const made = stockMender(deps, ordersGroup);
    made.distrust(sale.id);
    expect(await made.mend([sale], holds)).toEqual({ loaded: [sale.id], overtaken: [] });
  });
});

describe("comparing books", () => {
  let sale: Sale;
  beforeEach(async () => {
    sale = await engine.openSale({ stock: units(5), perBuyerLimit: units(2) });
  });
  const compared = (over: Partial<EmbeddedEngine["deps"]["stock"]> = {}) =>
    inPauses(reconcile({ ...engine.deps, stock: { ...engine.deps.stock, ...over } }, sale.id));

  async function inPauses<T>(work: Promise<T>): Promise<T> {
    await turns();
    engine.clock.advance(limits.auditPauseMs);
    return work;
  }

  test("finds them even, with and without orders under way", async () => {
    expect(await compared()).toMatchObject({ books: "even", surplus: 0, settled: 0 });
    await engine.buy(sale, { buyer: "a" });
    expect(await compared()).toMatchObject({ books: "even" });
    await engine.consume();
    expect(await compared()).toMatchObject({ books: "even" });
  });

  test("concludes nothing while they move, or while there is no stock", async () => {
    const { stock } = engine.deps;
    let remaining = 0;
    const level: typeof stock.level = async (id) => {
      const now = await stock.level(id);
      remaining += 1;
      return now === null ? null : { ...now, remaining: units(remaining) };
    };
    expect(await compared({ level })).toMatchObject({ books: "moving" });
    expect(await compared({ level: async () => null })).toMatchObject({ books: "not-loaded" });
  });

  test("tells how many units are too many or too few", async () => {
    const { stock } = engine.deps;
    const off =
      (by: number): typeof stock.level =>
      async (id) => {
        const now = await stock.level(id);
        return now === null ? null : { ...now, remaining: units(now.remaining + by) };
      };
    expect(await compared({ level: off(2) })).toMatchObject({ books: "uneven", surplus: 2 });
    expect(await compared({ level: off(-1) })).toMatchObject({ books: "uneven", surplus: -1 });
  });

  test("settles orders that the ledger decided long ago, and no others", async () => {
    await engine.buy(sale, { buyer: "a" });
    const [order] = await engine.deps.stock.pending(sale.id, {});
    if (order === undefined) throw new Error("nothing is pending");
    await engine.deps.orders.place([order], engine.clock.now());
    expect(await compared()).toMatchObject({ books: "uneven", surplus: 1, settled: 0 });
    engine.clock.advance(limits.sweepBackoffMs + 1);
    await engine.buy(sale, { buyer: "b" });
    expect(await compared()).toMatchObject({ books: "even", settled: 1 });
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ pendingOrders: 1 });
  });

  test("finishes transfers that somebody left behind", async () => {
    const { stock } = engine.deps;
    const transfer = { epoch: epoch(1), from: 0, to: 1, number: 1, units: units(1) };
    let open = true;
    const level: typeof stock.level = async (id) => {
      const now = await stock.level(id);
      return now === null ? null : { ...now, inTransfer: units(open ? 1 : 0) };
    };
    const buckets: typeof stock.buckets = async (id) =>
      (await stock.buckets(id))?.map((one) => ({ ...one, outgoing: open ? [transfer] : [] })) ??
      null;
    const receive: typeof stock.receive = async () => {
      open = false;
    };
    const report = await compared({ level, buckets, receive });
    expect(report).toMatchObject({ books: "even", transfers: 1 });
  });
});
