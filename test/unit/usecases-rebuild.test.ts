/** Loading a sale's stock anew while it is being sold, and buying from several buckets. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type BuyerId, epoch, homeBucket, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale.ts";
import { present } from "../../src/lib/assert.ts";
import { err, ok } from "../../src/lib/result.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { findOrder } from "../../src/usecases/find-orders.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { type RebuildDeps, rebuild as rebuildAll, warmUp } from "../../src/usecases/warm-up.ts";
import { sale as aSale, request, reservation } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";

let engine: EmbeddedEngine;
let sale: Sale;
beforeEach(async () => {
  engine = await embeddedEngine();
  sale = await engine.openSale({ stock: units(5), perBuyerLimit: units(2) });
});
afterEach(() => engine.close());

const rebuild = async (deps: RebuildDeps, one: Sale, group: string) => {
  const [loaded] = await rebuildAll(deps, [{ sale: one, tokens: {} }], group);
  return present(loaded, "a result a sale");
};
const turns = async () => {
  for (let n = 0; n < 20; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
};
const until = async (holds: () => Promise<boolean>) => {
  while (!(await holds())) await turns();
};
const level = () => engine.deps.stock.level(sale.id);

describe("a rebuild", () => {
  test("stops the sale, waits for what is under way and for the ledger, then sells", async () => {
    const bought = await engine.buy(sale, { buyer: "a" });
    const rebuilding = rebuild(engine.deps, sale, ordersGroup);
    await until(async () => (await level()) === null);
    const refused = await engine.buy(sale, { buyer: "b" });
    expect(refused.ok ? "" : refused.error.code).toBe("stock-unavailable");
    expect(await level()).toBeNull();
    engine.clock.advance(limits.appendDeadlineMs);
    await turns();
    expect(await engine.deps.orders.ledger(sale.id)).toMatchObject({ minEpoch: 1 });
    await engine.consume();
    expect(await rebuilding).toEqual({ ok: true, value: epoch(2) });
    expect(await level()).toMatchObject({ epoch: 2, remaining: 4, pendingOrders: 0 });
    expect((await engine.buy(sale, { buyer: "b" })).ok).toBe(true);
    const id = bought.ok ? bought.value.id : "";
    expect(await findOrder(engine.deps, id)).toMatchObject({ status: "placed" });
    expect(await engine.buy(sale, { buyer: "a" })).toMatchObject({ ok: true, value: { id } });
  });

  test("places what was appended after the seal, as long as that can still happen", async () => {
    const rebuilding = rebuild(engine.deps, sale, ordersGroup);
    await until(async () => (await level()) === null);
    await turns();
    const late = reservation({ sale: 1, epoch: 1, sequence: 77, buyer: "late" });
    await engine.deps.log.append([late]);
    engine.clock.advance(limits.appendDeadlineMs);
    await turns();
    await engine.consume();
    expect((await rebuilding).ok).toBe(true);
    expect(await findOrder(engine.deps, late.orderId)).toMatchObject({ status: "placed" });
    expect(await level()).toMatchObject({ remaining: 4 });
  });

  test("that was overtaken by another one changes nothing", async () => {
    const { stock } = engine.deps;
    await stock.seal(sale.id, 1, epoch(9));
    expect(await rebuild(engine.deps, sale, ordersGroup)).toEqual(err("stale-epoch"));
  });

  test("that was overtaken while it waited loads nothing", async () => {
    const rebuilding = rebuild(engine.deps, sale, ordersGroup);
    await until(async () => (await level()) === null);
    await engine.deps.orders.fence(sale.id, epoch(7));
    engine.clock.advance(limits.appendDeadlineMs);
    expect(await rebuilding).toEqual(err("stale-epoch"));
    expect(await level()).toBeNull();
  });

  test("is not a warm-up: what was loaded once is never loaded without the barriers", async () => {
    expect(await warmUp(engine.deps, sale)).toBe(false);
    expect(await level()).toMatchObject({ epoch: 1, remaining: 5 });
  });
});

describe("a purchase from a sale with several buckets", () => {
  const split = aSale({ buckets: 4 });
  const soldOut = ok({ outcomes: [{ kind: "sold-out" as const }], version: 1 });
  const remaining = (units_: number) => ({
    remaining: units(units_),
    outgoing: [],
    received: new Map(),
    changes: 0,
    epoch: epoch(1),
  });

  function decisionWith(over: Partial<StockStore>) {
    const stock = { ...engine.deps.stock, reserve: async () => soldOut, ...over };
    const deps = { ...engine.deps, stock, applied: () => undefined };
    return purchaseBatches(deps).reserve(split, request({ buyer: "a" }));
  }

  test("asks the buyer's own bucket", async () => {
    const asked: number[] = [];
    const reserve: StockStore["reserve"] = async (_, bucket, requests) => {
      asked.push(bucket);
      return ok({ outcomes: requests.map(() => ({ kind: "sale-paused" as const })), version: 1 });
    };
    const stock = { ...engine.deps.stock, reserve };
    const batches = purchaseBatches({ ...engine.deps, stock, applied: () => undefined });
    const buyers = Array.from({ length: 40 }, (_, n) => `buyer-${n}`);
    await Promise.all(buyers.map((buyer) => batches.reserve(split, request({ buyer }))));
    expect(new Set(asked)).toEqual(new Set([0, 1, 2, 3]));
    const homes = buyers.map((buyer) => homeBucket(buyer as BuyerId, 4));
    expect(new Set(homes)).toEqual(new Set(asked));
  });

  test("is sold out when all buckets are", async () => {
    const buckets = async () => [0, 0, 0, 0].map(remaining);
    expect(await decisionWith({ buckets })).toEqual(ok({ kind: "sold-out" }));
  });

  test("asks again once units were brought", async () => {
    let asked = 0;
    const reserve: StockStore["reserve"] = async () => {
      asked += 1;
      return asked === 1 ? soldOut : ok({ outcomes: [{ kind: "sale-ended" }], version: 1 });
    };
    const buckets = async () => [1, 1, 1, 1].map(remaining);
    expect(await decisionWith({ buckets, reserve })).toEqual(ok({ kind: "sale-ended" }));
  });

  test("is told to come again when the buckets never hold still", async () => {
    let changes = 0;
    const buckets = async () => {
      changes += 1;
      return [0, 0, 0, 0].map((left) => ({ ...remaining(left), changes }));
    };
    expect(await decisionWith({ buckets })).toEqual(err({ code: "overloaded" }));
  });

  test("is unavailable when some bucket is not loaded", async () => {
    const answer = await decisionWith({ buckets: async () => null });
    expect(answer).toMatchObject(err({ code: "stock-unavailable" }));
  });

  test("has an unknown outcome when the other buckets do not answer", async () => {
    const buckets = () => Promise.reject(new Error("connection lost"));
    expect(await decisionWith({ buckets })).toEqual(err({ code: "outcome-unknown" }));
    const stock: Partial<StockStore> = { buckets };
    const answer = await engine.buy(
      { ...split, id: sale.id, state: "open" },
      {},
      {
        stock: { ...stock, reserve: async () => soldOut },
      },
    );
    expect(answer.ok ? "" : answer.error.code).toBe("outcome-unknown");
  });
});
