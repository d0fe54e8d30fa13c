/** Sales that are sold from the ledger: always, or while their stock is away. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { epoch, lockToken, type SaleId, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale, SaleTerms } from "../../src/domain/sale.ts";
import { err, ok } from "../../src/lib/result.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { actOnSale } from "../../src/usecases/change-sale.ts";
import { confirmedModes } from "../../src/usecases/confirmed-modes.ts";
import { fallBack } from "../../src/usecases/fall-back.ts";
import type { Control } from "../../src/usecases/hold-sales.ts";
import { stockLock } from "../../src/usecases/locked-stock.ts";
import { restock } from "../../src/usecases/restock.ts";
import { toLedger, toStock } from "../../src/usecases/switch-mode.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";
import { inTime as timed } from "../support/in-time.ts";
import { until } from "../support/until.ts";

let engine: EmbeddedEngine;
beforeEach(async () => {
  engine = await embeddedEngine();
});
afterEach(() => engine.close());

const inTime = <T>(work: Promise<T>): Promise<T> => timed(engine, work);

async function bought(sale: Sale, buyer: string): Promise<string> {
  await engine.deps.modes.refresh();
  await engine.deps.directory.refresh();
  const found = (await engine.deps.directory.find(sale.id)) ?? sale;
  const answer = await engine.buy(found, { buyer });
  return answer.ok ? answer.value.status : answer.error.code;
}

const fresh = async ({ id }: Sale) => {
  const sale = await engine.deps.sales.byId(id);
  if (sale === null) throw new Error("no sale");
  engine.deps.directory.learn(sale);
  return sale;
};
const openSale = (over: Partial<SaleTerms>) =>
  engine.openSale({ stock: units(5), perBuyerLimit: units(2), ...over });
const ledger = async (sale: Sale) => engine.deps.orders.ledger(sale.id);

describe("a sale of the strategy database", () => {
  test("is placed when it is accepted, and again dropped when the log is read", async () => {
    const sale = await openSale({ strategy: "database" });
    expect(sale.mode).toBe("ledger");
    expect(await bought(sale, "a")).toBe("accepted");
    expect(await ledger(sale)).toMatchObject({ sold: 1 });
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 4 });
    await until(async () => (await engine.deps.log.end())[0] === 1);
    await engine.consume();
    expect(await ledger(sale)).toMatchObject({ sold: 1 });
  });

  test("is accepted though the log does not take it", async () => {
    const sale = await openSale({ strategy: "database" });
    const log = { append: () => Promise.reject(new Error("no answer")) };
    const answer = await engine.buy(sale, { buyer: "a" }, { log });
    expect(answer.ok && answer.value.status).toBe("accepted");
    expect(await ledger(sale)).toMatchObject({ sold: 1 });
  });

  test("gains what is restocked, and stops when it is paused", async () => {
    const sale = await openSale({ strategy: "database", stock: units(1) });
    expect(await bought(sale, "a")).toBe("accepted");
    expect(await bought(sale, "b")).toBe("sold-out");
    await restock(engine.deps, sale.id, units(1), "more");
    expect(await bought(sale, "b")).toBe("accepted");
    await actOnSale(engine.deps, sale.id, "pause");
    expect(await bought(sale, "c")).toBe("sale-paused");
  });

  test("is never loaded, has nothing pending, and one bucket", async () => {
    const { stock } = engine.deps;
    const sale = await openSale({ strategy: "database" });
    await bought(sale, "a");
    expect(await stock.pending(sale.id, {})).toEqual([]);
    expect(await stock.overdue([sale.id], engine.clock.now(), 9)).toEqual([]);
    expect(await stock.buckets(sale.id)).toHaveLength(1);
    expect(await stock.send(sale.id, 0, 1, units(1))).toBeNull();
    const transfer = { epoch: epoch(1), from: 0, to: 1, number: 1, units: units(1) };
    await stock.receive(sale.id, transfer);
    expect(await stock.level(sale.id)).toMatchObject({ remaining: 4, pendingOrders: 0 });
  });
});

describe("a sale with a fallback", () => {
  let sale: Sale;
  beforeEach(async () => {
    sale = await openSale({ fallback: "database" });
  });

  test("moves to the ledger with all that was accepted, and back", async () => {
    expect(await bought(sale, "a")).toBe("accepted");
    expect(await inTime(toLedger(engine.deps, sale, ordersGroup))).toEqual(ok(undefined));
    expect(await ledger(sale)).toMatchObject({ sold: 1, minEpoch: 2 });
    expect(await bought(sale, "b")).toBe("accepted");
    expect(await ledger(sale)).toMatchObject({ sold: 2 });
    const moved = await fresh(sale);
    expect(moved.mode).toBe("ledger");
    expect(await inTime(toStock(engine.deps, moved, ordersGroup, {}))).toEqual(ok(undefined));
    expect((await fresh(sale)).mode).toBe("stock");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 3 });
    expect(await bought(sale, "b")).toBe("accepted");
    await engine.consume();
    expect(await ledger(sale)).toMatchObject({ sold: 2 });
  });

  test("needs no lock of its own while it is sold from the ledger", async () => {
    const locked = await openSale({ fallback: "database", strategy: "locked" });
    const { lease } = engine.deps;
    const other = await lease.acquire(stockLock(locked.id));
    await inTime(toLedger(engine.deps, locked, ordersGroup));
    expect(await bought(locked, "a")).toBe("accepted");
    expect(await ledger(locked)).toMatchObject({ sold: 1 });
    if (other.ok) await other.value.release();
  });

  test("sells nothing while it is being moved", async () => {
    const moving = toLedger(engine.deps, sale, ordersGroup);
    await until(async () => (await fresh(sale)).mode === "switching");
    expect(await bought(sale, "a")).toBe("stock-unavailable");
    await inTime(moving);
    expect(await bought(sale, "a")).toBe("accepted");
  });

  test("is refused by the ledger as soon as it is on the way back", async () => {
    await inTime(toLedger(engine.deps, sale, ordersGroup));
    await engine.deps.modes.refresh();
    const before = await fresh(sale);
    const at = await engine.deps.orders.nextEpoch(sale.id);
    if (at.ok) await engine.deps.orders.switchTo(sale.id, at.value, "switching");
    const answer = await engine.buy(before, { buyer: "a" });
    expect(answer.ok ? "" : answer.error.code).toBe("stock-unavailable");
  });

  test("is sold only as long as it was confirmed how", async () => {
    await engine.deps.modes.refresh();
    engine.clock.advance(limits.modeConfirmMs);
    expect((await engine.buy(sale, { buyer: "a" })).ok).toBe(true);
    engine.clock.advance(1);
    const late = await engine.buy(sale, { buyer: "b" });
    expect(late.ok ? "" : late.error).toMatchObject({ code: "stock-unavailable" });
  });

  test("that was moved half-way is moved back behind the barriers", async () => {
    const at = await engine.deps.orders.nextEpoch(sale.id);
    if (at.ok) await engine.deps.orders.switchTo(sale.id, at.value, "switching");
    const half = await fresh(sale);
    const before = engine.clock.now();
    await inTime(toStock(engine.deps, half, ordersGroup, {}));
    expect(engine.clock.now() - before).toBeGreaterThanOrEqual(limits.appendDeadlineMs);
    expect(await bought(sale, "a")).toBe("accepted");
  });

  test("is not moved by a controller that another one has followed", async () => {
    await engine.deps.orders.nextEpoch(sale.id, lockToken(9));
    const stale = err("stale-token" as const);
    expect(await toLedger(engine.deps, sale, ordersGroup, lockToken(8))).toEqual(stale);
    const tokens = { controller: lockToken(8) };
    expect(await toStock(engine.deps, sale, ordersGroup, tokens)).toEqual(stale);
    expect((await fresh(sale)).mode).toBe("stock");
  });

  test("is left alone by a move that was overtaken half-way", async () => {
    const moving = toLedger(engine.deps, sale, ordersGroup);
    await until(async () => (await fresh(sale)).mode === "switching");
    const at = await engine.deps.orders.nextEpoch(sale.id);
    if (at.ok) await engine.deps.orders.fence(sale.id, at.value);
    expect(await inTime(moving)).toEqual(err("stale-epoch"));
    const { orders } = engine.deps;
    const nextEpoch: typeof orders.nextEpoch = async (id) => {
      const given = await orders.nextEpoch(id);
      await orders.nextEpoch(id);
      return given;
    };
    const overtaken = { ...engine.deps, orders: { ...orders, nextEpoch } };
    expect(await toLedger(overtaken, sale, ordersGroup)).toEqual(err("stale-epoch"));
  });
});

describe("falling back", () => {
  let failing: string | null;
  beforeEach(() => {
    failing = null;
  });
  const mover = () => fallBack({ ...engine.deps, stockFailure: () => failing }, ordersGroup);
  const holds = (): Control => ({ kind: "holds", token: lockToken(1) });
  const nothing = { toLedger: [], toStock: [], overtaken: [] };

  test("takes a while of absence, and a while of presence to come back", async () => {
    const sale = await openSale({ fallback: "database" });
    const { follow } = mover();
    failing = "Redis is away";
    expect(await follow([sale], holds)).toEqual(nothing);
    engine.clock.advance(limits.fallBackAfterMs);
    const moved = await inTime(follow([sale], holds));
    expect(moved).toEqual({ ...nothing, toLedger: [sale.id] });
    expect(await follow([await fresh(sale)], holds)).toEqual(nothing);
    failing = null;
    expect(await follow([await fresh(sale)], holds)).toEqual(nothing);
    engine.clock.advance(limits.fallBackAfterMs);
    const back = await inTime(follow([await fresh(sale)], holds));
    expect(back).toEqual({ ...nothing, toStock: [sale.id] });
    expect((await fresh(sale)).mode).toBe("stock");
  });

  test("leaves alone who has no fallback, needs none, or is somebody else's", async () => {
    const plain = await openSale({});
    const always = await openSale({ strategy: "database", fallback: "database" });
    const other = await openSale({ fallback: "database" });
    const control = (id: SaleId): Control => (id === other.id ? { kind: "none" } : holds());
    const { follow } = mover();
    failing = "Redis is away";
    await follow([], control);
    engine.clock.advance(limits.fallBackAfterMs);
    expect(await follow([plain, always, other], control)).toEqual(nothing);
  });

  test("says when another controller was there first", async () => {
    const sale = await openSale({ fallback: "database" });
    await engine.deps.orders.nextEpoch(sale.id, lockToken(2));
    const { follow } = mover();
    failing = "Redis is away";
    await follow([], holds);
    engine.clock.advance(limits.fallBackAfterMs);
    expect(await follow([sale], holds)).toEqual({ ...nothing, overtaken: [sale.id] });
  });

  test("brings a sale that is sold under a lock back under that lock", async () => {
    const sale = await openSale({ fallback: "database", strategy: "locked" });
    await inTime(toLedger(engine.deps, sale, ordersGroup));
    const moved = await fresh(sale);
    const { lease } = engine.deps;
    const holder = await lease.acquire(stockLock(sale.id));
    const { follow } = mover();
    await follow([], holds);
    engine.clock.advance(limits.fallBackAfterMs);
    const waiting = follow([moved], holds);
    await until(async () => (await lease.list("stock/"))[0]?.queue.length === 2);
    if (holder.ok) await holder.value.release();
    expect(await inTime(waiting)).toEqual({ ...nothing, toStock: [sale.id] });
    const refused = { ...lease, acquire: async () => err("timeout" as const) };
    const again = fallBack({ ...engine.deps, lease: refused }, ordersGroup);
    engine.clock.advance(limits.fallBackAfterMs);
    expect(await again.follow([moved], holds)).toEqual(nothing);
  });
});

test("modes are of sales with a fallback, as long as they may be moved", async () => {
  const [one, two] = [await openSale({ fallback: "database" }), await openSale({})];
  const three = await openSale({ fallback: "database" });
  const four = await openSale({ fallback: "database" });
  for (const { id } of [three, four]) await actOnSale(engine.deps, id, "close");
  engine.sql.run("UPDATE sales SET updated_at = 9 WHERE id = ?", [four.id]);
  const modes = confirmedModes(engine.deps);
  const all = () => [one, two, three, four].map(({ id }) => modes.of(id));
  expect(all()).toEqual(["unknown", "unknown", "unknown", "unknown"]);
  await modes.refresh();
  expect(all()).toEqual(["stock", "unlisted", "stock", "unlisted"]);
});

test("it is known whether some sale is sold from the ledger, for a while", async () => {
  const modes = confirmedModes(engine.deps);
  await openSale({ fallback: "database" });
  await modes.refresh();
  expect(modes.fromLedger()).toBe(false);
  const always = await openSale({ strategy: "database" });
  await modes.refresh();
  expect(modes.fromLedger()).toBe(true);
  engine.clock.advance(limits.modeConfirmMs + 1);
  expect(modes.fromLedger()).toBe(false);
  await actOnSale(engine.deps, always.id, "close");
  await modes.refresh();
  expect(modes.fromLedger()).toBe(false);
});
