/** Consuming the log, the audit's eye for damage, and reading orders. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type BuyerId, epoch, type OrderId, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale.ts";
import { InvariantError } from "../../src/lib/assert.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { audit } from "../../src/usecases/audit.ts";
import { actOnSale } from "../../src/usecases/change-sale.ts";
import { findOrder, listOrders } from "../../src/usecases/find-orders.ts";
import { placeOrders } from "../../src/usecases/place-orders.ts";
import { restock } from "../../src/usecases/restock.ts";
import { reservation } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";

let engine: EmbeddedEngine;
let sale: Sale;
beforeEach(async () => {
  engine = await embeddedEngine();
  sale = await engine.openSale({ stock: units(5), perBuyerLimit: units(2) });
});
afterEach(() => engine.close());

async function bought(parts: Parameters<EmbeddedEngine["buy"]>[1] = {}): Promise<OrderId> {
  const result = await engine.buy(sale, parts);
  if (!result.ok) throw new Error(result.error.code);
  return result.value.id;
}

async function audited(of = engine) {
  const report = audit(of.deps, sale.id);
  for (let n = 0; n < 40; n += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    of.clock.advance(limits.auditPauseMs);
  }
  return report;
}

const level = () => engine.deps.stock.level(sale.id);

describe("consuming the log", () => {
  test("twice changes nothing", async () => {
    const id = await bought();
    await engine.consume();
    const order = await findOrder(engine.deps, id);
    if (order === null || order.buyerId === null) throw new Error("no order");
    const place = { partition: 0, offset: 0, producedAt: order.reservedAt };
    const message = { ...place, order, orderId: id, raw: () => "" };
    const report = await placeOrders(engine.deps, [message, message]);
    expect(report).toMatchObject({ placed: 0, refused: 0, duplicates: 2, poison: 0 });
    expect(await audited()).toMatchObject({ ok: true, sold: 1, orders: 1, remaining: 4 });
  });

  test("goes on while the stock cannot be told; a sweep brings it up to date", async () => {
    const id = await bought();
    const order = await findOrder(engine.deps, id);
    if (order === null || order.buyerId === null) throw new Error("no order");
    const place = { partition: 0, offset: 0, producedAt: order.reservedAt };
    const message = { ...place, order, orderId: id, raw: () => "" };
    const settle = () => Promise.reject(new Error("the stock is away"));
    const away = { ...engine.deps, stock: { ...engine.deps.stock, settle } };
    expect(await placeOrders(away, [message])).toMatchObject({ placed: 1, untold: 1 });
    expect(await level()).toMatchObject({ pendingOrders: 1 });
    expect(await placeOrders(engine.deps, [message])).toMatchObject({ duplicates: 1, untold: 0 });
    expect(await level()).toMatchObject({ pendingOrders: 0 });
    const broken = () => Promise.reject(new InvariantError("units do not add up"));
    const wrong = { ...engine.deps, stock: { ...engine.deps.stock, settle: broken } };
    await expect(placeOrders(wrong, [message])).rejects.toThrow("do not add up");
  });

  test("refuses what the ledger has no room for, and gives no unit back", async () => {
    const id = await bought();
    engine.sql.run("UPDATE ledger SET total = 0");
    await engine.consume();
    expect(await findOrder(engine.deps, id)).toMatchObject({
      status: "refused",
      reason: "no-room",
    });
    expect(await level()).toMatchObject({ remaining: 4, pendingUnits: 0, released: 0 });
  });

  test("refuses what is over the buyer's limit, and gives its units back", async () => {
    const id = await bought({ quantity: 2 });
    engine.sql.run("UPDATE sales SET per_buyer_limit = 1");
    await engine.consume();
    const order = await findOrder(engine.deps, id);
    expect(order).toMatchObject({ status: "refused", reason: "buyer-limit" });
    expect(await level()).toMatchObject({ remaining: 5, pendingUnits: 0, released: 2 });
  });

  test("buries poison, and refuses its order where that can be told", async () => {
    const id = await bought();
    const poisoned = JSON.stringify([{ orderId: id, quantity: "many" }, "nonsense"]);
    engine.sql.run("DELETE FROM order_log");
    engine.sql.run("INSERT INTO order_log VALUES (0, 2, 0, ?)", [poisoned]);
    await engine.restartKeepingStock();
    await engine.consume();
    const dead = engine.sql.query("SELECT log_offset, raw FROM dead_letters ORDER BY 1").all();
    expect(dead).toHaveLength(2);
    const order = await findOrder(engine.deps, id);
    expect(order).toMatchObject({ status: "refused", reason: "poison" });
    expect(await level()).toMatchObject({ remaining: 5, pendingUnits: 0, released: 1 });
  });

  test("refuses an order of an older load that the ledger has not seen", async () => {
    await engine.deps.orders.fence(sale.id, epoch(9));
    const id = await bought();
    await engine.consume();
    const order = await findOrder(engine.deps, id);
    expect(order).toMatchObject({ status: "refused", reason: "reservation-lost" });
  });

  test("says of no order that it is not there while its stock is gone", async () => {
    const id = await bought();
    const gone = { pending: async () => [], level: async () => null };
    const deps = { ...engine.deps, stock: { ...engine.deps.stock, ...gone } };
    await expect(findOrder(deps, id)).rejects.toThrow("is being loaded");
    await engine.consume();
    expect(await findOrder(deps, id)).toMatchObject({ status: "placed" });
  });

  test("finds an order that was placed, and its load fenced off, while it looked", async () => {
    const id = await bought();
    const { orders, stock } = engine.deps;
    const ledger: typeof orders.ledger = async (saleId) => {
      await engine.consume();
      await orders.fence(saleId, epoch(9));
      return orders.ledger(saleId);
    };
    const gone = { ...stock, pending: async () => [] };
    const found = await findOrder({ orders: { ...orders, ledger }, stock: gone }, id);
    expect(found).toMatchObject({ status: "placed" });
  });

  test("refuses an order of a sale that there never was", async () => {
    await engine.deps.log.append([reservation({ sale: 99 })]);
    await engine.consume();
    expect(await engine.deps.orders.byId([reservation({ sale: 99 }).orderId])).toMatchObject([
      { status: "refused", reason: "poison" },
    ]);
  });
});

describe("the audit", () => {
  const damage: readonly (readonly [string, string, string])[] = [
    ["a unit sold that no order has", "UPDATE ledger SET sold = sold + 1", "the orders say"],
    ["an order that vanished", "DELETE FROM orders", "the orders say 0"],
    ["stock that changed behind our back", "UPDATE ledger SET total = total + 1", "≠"],
    ["a buyer over the limit", "UPDATE orders SET quantity = 3", "over the limit"],
    [
      "a request key with two orders",
      "INSERT INTO orders SELECT seq + 1, id || 'X', sale_id, buyer_id, request_key, fingerprint," +
        " quantity, status, reason, placed_at FROM orders",
      "several orders",
    ],
  ];
  test.each(damage)("finds %s", async (_, statement, finding) => {
    await bought();
    await engine.consume();
    expect((await audited()).ok).toBe(true);
    engine.sql.run(statement);
    const report = await audited();
    expect(report.ok).toBe(false);
    expect(report.findings.join("; ")).toContain(finding);
  });

  test("counts what is pending, and says nothing while numbers move", async () => {
    await bought();
    expect(await audited()).toMatchObject({ ok: true, pending: 1, sold: 0, remaining: 4 });
    let refused = 0;
    const orders = {
      audit: async (...of: Parameters<typeof engine.deps.orders.audit>) => {
        refused += 1;
        return { ...(await engine.deps.orders.audit(...of)), refused: units(refused) };
      },
    };
    const report = audit({ ...engine.deps, orders }, sale.id);
    for (let n = 0; n < 40; n += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      engine.clock.advance(limits.auditPauseMs);
    }
    expect((await report).ok).toBeNull();
  });
});

describe("reading orders", () => {
  test("lists what is pending before what is placed, each once", async () => {
    const first = await bought({ key: "1" });
    await engine.consume();
    engine.clock.advance(1);
    const second = await bought({ key: "2" });
    const query = { saleId: sale.id, buyerId: "a" as BuyerId, limit: 9, cursor: null };
    const page = await listOrders(engine.deps, query);
    expect(page.items.map((order) => [order.orderId, order.status])).toEqual([
      [second, "reserved"],
      [first, "placed"],
    ]);
    const admin = await listOrders(engine.deps, { ...query, buyerId: null });
    expect(admin.items).toHaveLength(1);
  });

  test("knows no order of the present load that was never made", async () => {
    const id = await bought();
    const other = `${id.slice(0, -1)}${id.endsWith("Z") ? "Y" : "Z"}`;
    expect(await findOrder(engine.deps, other)).toBeNull();
  });
});

describe("whatever happens in whatever order,", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("buy" as const),
      buyer: fc.integer({ min: 0, max: 4 }),
      key: fc.integer({ min: 0, max: 3 }),
      quantity: fc.integer({ min: 1, max: 2 }),
      lost: fc.boolean(),
    }),
    fc.record({
      kind: fc.constantFrom("consume", "sweep", "restart", "pause", "resume", "restock"),
    }),
  );

  test("no unit is oversold, no accepted order lost, no key doubled", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const run = await embeddedEngine();
        const own = await run.openSale({ stock: units(4), perBuyerLimit: units(3) });
        const accepted = new Map<string, string>();
        for (const [at, one] of steps.entries()) await take(run, own, one, at, accepted);
        await finish(run);
        await expectSound(run, own, accepted);
        await run.close();
      }),
      { numRuns: 25, seed: 20_261_123 },
    );
  }, 60_000);

  type Step = Parameters<Parameters<typeof step.map>[0]>[0];

  async function take(
    run: EmbeddedEngine,
    own: Sale,
    one: Step,
    at: number,
    accepted: Map<string, string>,
  ): Promise<void> {
    if (one.kind === "consume") return run.consume();
    if (one.kind === "restart") return void (await run.restart());
    if (one.kind === "pause" || one.kind === "resume") {
      return void (await actOnSale(run.deps, own.id, one.kind));
    }
    if (one.kind === "restock") {
      return void (await restock(run.deps, own.id, units(1), `restock ${at}`));
    }
    if (one.kind === "sweep") return finish(run);
    if (one.kind !== "buy" || !("buyer" in one)) return;
    const parts = { buyer: `b${one.buyer}`, key: `k${one.key}`, quantity: one.quantity };
    const lost = { log: { append: () => Promise.reject(new Error("lost")) } };
    const result = await run.buy(own, parts, one.lost ? lost : {});
    if (!result.ok || result.value.status !== "accepted") return;
    const key = `${parts.buyer} ${parts.key}`;
    expect(accepted.get(key) ?? result.value.id).toBe(result.value.id);
    accepted.set(key, result.value.id);
  }

  async function finish(run: EmbeddedEngine): Promise<void> {
    run.clock.advance(limits.sweepBackoffMaxMs + limits.appendDeadlineMs);
    await run.sweep();
    await run.consume();
  }

  async function expectSound(run: EmbeddedEngine, own: Sale, accepted: Map<string, string>) {
    for (const id of accepted.values()) {
      expect((await findOrder(run.deps, id))?.status).toBe("placed");
    }
    const report = audit(run.deps, own.id);
    for (let n = 0; n < 40; n += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      run.clock.advance(limits.auditPauseMs);
    }
    expect((await report).findings).toEqual([]);
    expect((await run.deps.log.lag(ordersGroup)).messages).toBe(0);
  }
});
