/** Sales with a fallback where something else happens meanwhile: another controller, a list that is
 * out of date, a change by an admin, the end of the sale, a part that fails. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Instant, instant, lockToken, type OrderId, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale, SaleTerms } from "../../src/domain/sale.ts";
import { ok } from "../../src/lib/result.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { actOnSale, createSale } from "../../src/usecases/change-sale.ts";
import { fallBack } from "../../src/usecases/fall-back.ts";
import type { Control } from "../../src/usecases/hold-sales.ts";
import { purchase } from "../../src/usecases/purchase.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { restock } from "../../src/usecases/restock.ts";
import { toLedger, toStock } from "../../src/usecases/switch-mode.ts";
import { tendSales } from "../../src/usecases/tend-sales.ts";
import { request, terms } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";
import { inTime as timed } from "../support/in-time.ts";
import { until } from "../support/until.ts";

let engine: EmbeddedEngine;
beforeEach(async () => {
  engine = await embeddedEngine();
});
afterEach(() => engine.close());

const inTime = <T>(work: Promise<T>): Promise<T> => timed(engine, work);
const openSale = (over: Partial<SaleTerms> = {}) =>
  engine.openSale({ stock: units(5), perBuyerLimit: units(2), fallback: "database", ...over });

/** As this process knows it after its next look. */
async function fresh({ id }: Sale): Promise<Sale> {
  await engine.deps.modes.refresh();
  const sale = await engine.deps.sales.byId(id);
  if (sale === null) throw new Error("no sale");
  engine.deps.directory.learn(sale);
  return sale;
}

async function bought(sale: Sale, buyer: string): Promise<string> {
  const answer = await engine.buy(await fresh(sale), { buyer });
  return answer.ok ? answer.value.status : answer.error.code;
}

const statusOf = async (orderId: OrderId) => (await engine.deps.orders.byId([orderId]))[0]?.status;

describe("a move by whoever knows an old mode", () => {
  test("back to a stock that sells already loses nothing that was accepted", async () => {
    const sale = await openSale();
    await inTime(toLedger(engine.deps, sale, ordersGroup));
    const old = await fresh(sale);
    await inTime(toStock(engine.deps, old, ordersGroup, {}));
    const answer = await engine.buy(await fresh(sale), { buyer: "a" });
    expect(answer.ok && answer.value.status).toBe("accepted");
    expect(old.mode).toBe("ledger");
    let drained = 0;
    const { log } = engine.deps;
    const reached: typeof log.reached = (...all) => {
      drained += 1;
      return log.reached(...all);
    };
    const deps = { ...engine.deps, log: { ...log, reached } };
    expect(await inTime(toStock(deps, old, ordersGroup, {}))).toEqual(ok(undefined));
    expect(drained).toBe(1);
    await engine.consume();
    expect(answer.ok && (await statusOf(answer.value.id))).toBe("placed");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 4 });
  });

  test("to a ledger that sells already waits for nobody", async () => {
    const sale = await openSale();
    await inTime(toLedger(engine.deps, sale, ordersGroup));
    const before = engine.clock.now();
    expect(await toLedger(engine.deps, sale, ordersGroup)).toEqual(ok(undefined));
    expect(engine.clock.now()).toBe(before);
    expect((await fresh(sale)).mode).toBe("ledger");
  });

  test("is not begun by a controller whose list is old", async () => {
    const sale = await openSale();
    const mover = fallBack({ ...engine.deps, stockFailure: () => "Redis is away" }, ordersGroup);
    const holds = (): Control => ({ kind: "holds", token: lockToken(1) });
    const nothing = { toLedger: [], toStock: [], overtaken: [] };
    await mover.follow([], holds);
    engine.clock.advance(limits.fallBackAfterMs);
    await inTime(mover.follow([sale], holds));
    const { epoch } = (await engine.deps.orders.ledger(sale.id)) ?? {};
    expect(await mover.follow([sale], holds)).toEqual(nothing);
    expect(await engine.deps.orders.ledger(sale.id)).toMatchObject({ epoch: epoch as number });
  });
});

describe("a sale that is sold from the ledger for a while", () => {
  test("comes back with the settings and the stock that it has by then", async () => {
    const sale = await openSale();
    await inTime(toLedger(engine.deps, sale, ordersGroup));
    const old = await fresh(sale);
    await restock(engine.deps, sale.id, units(2), "more");
    await actOnSale(engine.deps, sale.id, "pause");
    await inTime(toStock(engine.deps, old, ordersGroup, {}));
    expect(await bought(sale, "a")).toBe("sale-paused");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 7 });
  });

  test("is changed where it is sold, by processes that do not know it yet", async () => {
    const sale = await openSale();
    await inTime(toLedger(engine.deps, sale, ordersGroup));
    const old = await fresh(sale);
    await inTime(toStock(engine.deps, old, ordersGroup, {}));
    await restock(engine.deps, sale.id, units(2), "more");
    await actOnSale(engine.deps, sale.id, "pause");
    expect(await bought(sale, "a")).toBe("sale-paused");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 7 });
  });

  test("says that it has ended, and finds the orders it took", async () => {
    const sale = await openSale();
    const first = await engine.buy(await fresh(sale), { buyer: "a" });
    await actOnSale(engine.deps, sale.id, "close");
    expect(await bought(sale, "b")).toBe("sale-ended");
    const again = await engine.buy(await fresh(sale), { buyer: "a" });
    expect(again.ok && again.value.id).toBe(first.ok && first.value.id);
    engine.sql.run("UPDATE sales SET updated_at = 9");
    expect(await bought(sale, "b")).toBe("sale-ended");
  });
});

test("orders that the log did not take are counted", async () => {
  const sale = await openSale({ strategy: "database" });
  const log = { append: () => Promise.reject(new Error("no answer")) };
  const { applied } = engine.deps.directory;
  const batches = purchaseBatches({ ...engine.deps, log, applied });
  const answer = await purchase(
    { ...engine.deps, batches },
    { sale, ...request({}), quantity: units(1) },
  );
  expect(answer.ok && answer.value.status).toBe("accepted");
  await until(async () => batches.unlogged() === 1);
});

test("a sale whose stock cannot be asked keeps no other from opening", async () => {
  const startsAt = instant(engine.clock.now() + limits.warmUpLeadMs + 1);
  const [one, two] = [await scheduled(startsAt), await scheduled(startsAt)];
  engine.clock.set(startsAt);
  const away = new Error("Redis is away");
  const { level } = engine.deps.stock;
  const stock: StockStore = {
    ...engine.deps.stock,
    level: (id) => (id === one.id ? Promise.reject(away) : level(id)),
  };
  const holds = (): Control => ({ kind: "holds", token: lockToken(1) });
  expect(tendSales({ ...engine.deps, stock }, holds)).rejects.toBe(away);
  await until(async () => (await engine.deps.sales.byId(two.id))?.state === "open");
  expect(await level(two.id)).toMatchObject({ remaining: two.stock });
});

async function scheduled(startsAt: Instant): Promise<Sale> {
  const created = await createSale(engine.deps, terms({ startsAt }));
  if (!created.ok) throw new Error(created.error.detail);
  return created.value;
}
