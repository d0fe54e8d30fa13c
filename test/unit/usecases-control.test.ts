/** Controllers among themselves: who holds which sale, who loads what was lost, and whose books do
 *  not add up. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { epoch, lockToken, type SaleId, saleIdOf, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { rankOf } from "../../src/domain/rendezvous.ts";
import type { Sale } from "../../src/domain/sale.ts";
import type { AcquireOptions, Held, Lease } from "../../src/ports/lease.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { type SaleHolder, saleHolder } from "../../src/usecases/hold-sales.ts";
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

/** One process's view of the locks: it can die, and it can be cut off. */
function process() {
  const { lease } = engine.deps;
  const got: { held: Held; lost: AbortController }[] = [];
  const dead = new AbortController();
  let away = false;
  const acquire = async (name: string, options: AcquireOptions = {}) => {
    if (away) throw new ServiceUnavailable("etcd is away");
    const signal = AbortSignal.any([dead.signal, options.signal ?? dead.signal]);
    const held = await lease.acquire(name, { ...options, signal });
    if (!held.ok) return held;
    const lost = new AbortController();
    got.push({ held: held.value, lost });
    return {
      ok: true as const,
      value: {
        ...held.value,
        lost: lost.signal,
        valid: () => held.value.valid() && !lost.signal.aborted,
      },
    };
  };
  const list: Lease["list"] = async (prefix) => {
    if (away) throw new ServiceUnavailable("etcd is away");
    return lease.list(prefix);
  };
  return {
    lease: { acquire, list },
    cutOff: (off: boolean) => {
      away = off;
    },
    /** Its lease ends. */
    die: async () => {
      dead.abort();
      for (const { held, lost } of got) {
        lost.abort();
        await held.release();
      }
    },
  };
}

const sales = Array.from({ length: 60 }, (_, n) => saleIdOf(n + 1));
const heldBy = (holder: SaleHolder) =>
  sales.filter((saleId) => holder.control(saleId).kind === "holds");

async function looks(holders: readonly SaleHolder[], rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n += 1) {
    for (const holder of holders) await holder.follow(sales);
    await Bun.sleep(2);
  }
}

describe("controllers", () => {
  test("share the sales out, each held by one", async () => {
    const names = ["a", "b", "c"];
    const holders = names.map((instance) => saleHolder({ ...process(), instance }));
    await looks(holders, limits.controllerPatience * 4);
    await until(() => holders.flatMap(heldBy).length === sales.length);
    expect(new Set(holders.flatMap(heldBy)).size).toBe(sales.length);
    holders.forEach((holder, at) => {
      expect(heldBy(holder)).toEqual(
        sales.filter((id) => rankOf(names[at] ?? "", names, id) === 0),
      );
    });
    for (const holder of holders) await holder.stop();
  });

  test("take over what a dead one held", async () => {
    const [first, second] = [process(), process()];
    const dying = saleHolder({ ...first, instance: "a" });
    const staying = saleHolder({ ...second, instance: "b" });
    await looks([dying, staying], limits.controllerPatience * 4);
    await until(() => heldBy(dying).length > 10);
    await first.die();
    expect(heldBy(dying)).toEqual([]);
    await looks([staying], 3);
    await until(() => heldBy(staying).length === sales.length);
    await staying.stop();
  });

  test("pass sales on when they stop, and start nothing afterwards", async () => {
    const leaving = saleHolder({ ...process(), instance: "a" });
    await looks([leaving], 2);
    const staying = saleHolder({ ...process(), instance: "b" });
    await leaving.stop();
    await leaving.follow(sales);
    expect(heldBy(leaving)).toEqual([]);
    await looks([staying], 2);
    await until(() => heldBy(staying).length === sales.length);
    await staying.stop();
  });

  test("give up sales that need no care any more", async () => {
    const holder = saleHolder({ ...process(), instance: "a" });
    await looks([holder], 2);
    await until(() => heldBy(holder).length === sales.length);
    await holder.follow(sales.slice(0, 1));
    expect(heldBy(holder)).toEqual(sales.slice(0, 1));
    await holder.stop();
  });

  test("help with everything, and hold nothing new, while locks cannot be had", async () => {
    const cut = process();
    cut.cutOff(true);
    const holder = saleHolder({ ...cut, instance: "a" });
    const [some] = sales as [SaleId];
    await expect(holder.follow(sales)).rejects.toThrow("etcd is away");
    expect(holder.control(some)).toEqual({ kind: "helps" });
    cut.cutOff(false);
    await looks([holder], 2);
    await until(() => holder.control(some).kind === "holds");
    expect(holder.control(saleIdOf(999))).toEqual({ kind: "none" });
    await holder.stop();
  });

  test("queue again when the queue broke", async () => {
    const { lease } = process();
    let broken = true;
    const acquire: Lease["acquire"] = async (name, options) => {
      if (broken && name.startsWith("sales/")) throw new ServiceUnavailable("etcd went away");
      return lease.acquire(name, options);
    };
    const holder = saleHolder({ lease: { ...lease, acquire }, instance: "a" });
    await looks([holder], 1);
    expect(heldBy(holder)).toEqual([]);
    broken = false;
    await looks([holder], 2);
    await until(() => heldBy(holder).length === sales.length);
    await holder.stop();
  });
});

describe("preference", () => {
  test("is the same for everybody, spreads sales, and moves few when somebody leaves", () => {
    const all = ["a", "b", "c", "d"];
    const ids = Array.from({ length: 4_000 }, (_, n) => saleIdOf(n + 1));
    const first = (members: readonly string[], id: SaleId) =>
      members.find((member) => rankOf(member, members, id) === 0);
    const before = ids.map((id) => first(all, id));
    for (const member of all) {
      const share = before.filter((chosen) => chosen === member).length / ids.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.05);
    }
    const without = all.slice(1);
    ids.forEach((id, at) => {
      if (before[at] !== "a") expect(first(without, id)).toBe(before[at] as string);
    });
    const ranks = all.map((member) => rankOf(member, all, "s1")).sort();
    expect(ranks).toEqual([0, 1, 2, 3]);
  });
});

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
