/** The controller role as a whole, on the embedded stores and a clock that a test moves. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { instant, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { type ControllerNews, controllerRole } from "../../src/roles/controller.ts";
import type { Role } from "../../src/roles/role.ts";
import { actOnSale, createSale } from "../../src/usecases/change-sale.ts";
import { terms } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";

type Counted = Record<Exclude<keyof ControllerNews, "adapted">, number>;

let engine: EmbeddedEngine;
let role: Role;
let told: Counted;
let logged: string[];
beforeEach(async () => {
  engine = await embeddedEngine();
  told = { swept: 0, rebuilt: 0, overtaken: 0, mended: 0, uneven: 0, holding: 0 };
  logged = [];
});
afterEach(async () => {
  await role.stop();
  await engine.close();
});

const counting = (): ControllerNews => {
  const add = (what: keyof Counted) => (count: number) => {
    told[what] = what === "holding" ? count : told[what] + count;
  };
  return {
    swept: add("swept"),
    rebuilt: add("rebuilt"),
    overtaken: add("overtaken"),
    mended: add("mended"),
    uneven: add("uneven"),
    holding: add("holding"),
    adapted: () => undefined,
  };
};

async function start(over: Partial<StockStore> = {}): Promise<void> {
  const log = (_: object, message: string) => void logged.push(message);
  const stock = { ...engine.deps.stock, ...over };
  const logger = { info: log, warn: log, error: log };
  role = controllerRole({ ...engine.deps, stock, instance: "one", told: counting(), logger });
  await role.start();
}

/** Lets time pass in small steps, in which everybody may do his work. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    engine.clock.advance(Math.min(left, 250));
    for (let n = 0; n < 4; n += 1) await Bun.sleep(1);
    await engine.consume();
  }
}

describe("a controller", () => {
  test("loads a sale ahead, opens it and closes it", async () => {
    const now = engine.clock.now();
    const startsAt = instant(now + limits.warmUpLeadMs + 2_000);
    const endsAt = instant(startsAt + 20_000);
    const created = await createSale(engine.deps, terms({ startsAt, endsAt }));
    const id = created.ok ? created.value.id : ("" as never);
    await start();
    await pass(1_000);
    expect(await engine.deps.stock.level(id)).toBeNull();
    await pass(5_000);
    expect(await engine.deps.stock.level(id)).toMatchObject({ remaining: 100 });
    await pass(limits.warmUpLeadMs);
    expect((await engine.deps.sales.byId(id))?.state).toBe("open");
    expect(told.holding).toBe(1);
    await pass(20_000);
    expect((await engine.deps.sales.byId(id))?.state).toBe("closed");
  }, 60_000);

  test("loads a sale anew whose books are off by the same number twice in a row", async () => {
    const sale = await engine.openSale({ stock: units(5) });
    const { stock } = engine.deps;
    let off = 1;
    const level: StockStore["level"] = async (id) => {
      const now = await stock.level(id);
      return now === null ? null : { ...now, remaining: units(now.remaining + off) };
    };
    const load: StockStore["load"] = (...args) => {
      off = 0;
      return stock.load(...args);
    };
    await start({ level, load });
    await pass(limits.reconcileEveryMs - 2_000);
    expect(told).toMatchObject({ uneven: 0, rebuilt: 0 });
    await pass(limits.reconcileEveryMs + limits.appendDeadlineMs + 5_000);
    expect(told).toMatchObject({ uneven: 1, rebuilt: 1 });
    expect(await stock.level(sale.id)).toMatchObject({ epoch: 2, remaining: 5 });
  }, 60_000);

  test("believes no numbers that were off only once, or by another number", async () => {
    await engine.openSale({ stock: units(5) });
    const { stock } = engine.deps;
    const level: StockStore["level"] = async (id) => {
      const now = await stock.level(id);
      // Stands still while books are compared, and is another one when that is done again.
      const off = Math.floor(engine.clock.now() / limits.reconcileEveryMs) % 5;
      return now === null ? null : { ...now, remaining: units(now.remaining + off) };
    };
    await start({ level });
    await pass(limits.reconcileEveryMs * 4);
    expect(told).toMatchObject({ uneven: 0, rebuilt: 0 });
  }, 60_000);

  test("appends what a crash left behind", async () => {
    const sale = await engine.openSale({ stock: units(5) });
    const append = () => Promise.reject(new Error("no answer"));
    await engine.buy(sale, { buyer: "a" }, { log: { append } });
    await start();
    await pass(limits.appendDeadlineMs + 3_000);
    expect(told.swept).toBe(1);
    expect(await engine.deps.orders.ledger(sale.id)).toMatchObject({ sold: 1 });
  }, 60_000);

  test("gives an epoch to a sale of the strategy database that has none", async () => {
    const { deps } = engine;
    const created = await createSale(deps, terms({ strategy: "database" }));
    if (!created.ok) throw new Error(created.error.detail);
    const { id } = created.value;
    const firstEpoch = () => Promise.reject(new Error("no answer"));
    const half = { ...deps, orders: { ...deps.orders, firstEpoch } };
    await expect(actOnSale(half, id, "open")).rejects.toThrow("no answer");
    expect(await deps.orders.ledger(id)).toMatchObject({ epoch: 0 });
    await start();
    await pass(limits.stockMissingMs + limits.appendDeadlineMs + 5_000);
    expect(await deps.orders.ledger(id)).toMatchObject({ epoch: 1 });
  }, 60_000);

  test("goes on with its other work when one kind fails, and says so once", async () => {
    const sale = await engine.openSale({ stock: units(5) });
    const { sales } = engine.deps;
    const failing = { ...sales, due: () => Promise.reject(new Error("the database is away")) };
    const log = (_: object, message: string) => void logged.push(message);
    const logger = { info: log, warn: log, error: log };
    const deps = { ...engine.deps, instance: "one", told: counting(), logger };
    role = controllerRole({ ...deps, sales: failing });
    await role.start();
    await pass(5_000);
    // Following and tending both ask for what is due.
    expect(logged.filter((message) => message === "failed; trying again")).toHaveLength(2);
    expect((await engine.buy(sale, { buyer: "a" })).ok).toBe(true);
  }, 60_000);
});
