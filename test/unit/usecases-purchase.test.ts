/** A purchase and everything that can happen to it between reserve, append, place and settle. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { instant, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { audit } from "../../src/usecases/audit.ts";
import { actOnSale } from "../../src/usecases/change-sale.ts";
import { findOrder } from "../../src/usecases/find-orders.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { recover } from "../../src/usecases/recover.ts";
import { sweep } from "../../src/usecases/sweep.ts";
import { request } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine, type Faults } from "../support/embedded-engine.ts";

let engine: EmbeddedEngine;
let sale: Sale;
beforeEach(async () => {
  engine = await embeddedEngine();
  sale = await engine.openSale({ stock: units(3) });
});
afterEach(() => engine.close());

const appendFails: Faults = { log: { append: () => Promise.reject(new Error("no answer")) } };
const appendHangs: Faults = { log: { append: () => new Promise(() => {}) } };

async function bought(parts: Parameters<EmbeddedEngine["buy"]>[1] = {}, faults: Faults = {}) {
  const result = await engine.buy(sale, parts, faults);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}

async function refusedWith(parts: Parameters<EmbeddedEngine["buy"]>[1], faults: Faults = {}) {
  const result = await engine.buy(sale, parts, faults);
  return result.ok ? result.value.status : result.error.code;
}

/** The clock runs while the audit pauses between its passes. */
async function audited() {
  const report = audit(engine.deps, sale.id);
  for (let n = 0; n < 40; n += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    engine.clock.advance(limits.auditPauseMs);
  }
  return report;
}

const statusOf = async (id: string) => (await findOrder(engine.deps, id))?.status ?? null;

describe("a purchase", () => {
  test("is accepted once it is in the log, then placed and settled", async () => {
    const order = await bought();
    expect(order).toMatchObject({ status: "accepted", quantity: 1, repeated: false });
    expect(await engine.deps.log.end()).toEqual([1]);
    expect(await statusOf(order.id)).toBe("reserved");
    await engine.consume();
    expect(await statusOf(order.id)).toBe("placed");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 2, pendingUnits: 0 });
    expect(await audited()).toMatchObject({ ok: true, sold: 1, remaining: 2, pending: 0 });
  });

  test("that is repeated gets the first answer, whatever the sale has become", async () => {
    const first = await bought();
    expect(await bought()).toEqual({ ...first, repeated: true });
    await engine.consume();
    expect(await bought()).toEqual({ ...first, repeated: true });
    await actOnSale(engine.deps, sale.id, "close");
    expect(await bought()).toEqual({ ...first, repeated: true });
    expect(await refusedWith({ key: "new" })).toBe("sale-ended");
  });

  test("repeated while pending is appended again before it is called accepted", async () => {
    expect((await bought({}, appendFails)).status).toBe("reserved");
    expect(await engine.deps.log.end()).toEqual([0]);
    expect(await bought()).toMatchObject({ status: "accepted", repeated: true });
    expect(await engine.deps.log.end()).toEqual([1]);
  });

  test("that is sent twice at once makes one order", async () => {
    const [one, two] = await Promise.all([bought(), bought()]);
    expect(one.id).toBe(two.id);
    await engine.consume();
    expect(await audited()).toMatchObject({ ok: true, orders: 1, sold: 1 });
  });

  test("whose append fails is reserved, and keeps its units", async () => {
    const order = await bought({}, appendFails);
    expect(order.status).toBe("reserved");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 2, pendingUnits: 1 });
  });

  test("whose append does not answer in time is reserved, and keeps its units", async () => {
    const answer = bought({}, appendHangs);
    for (let n = 0; n < 5; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    engine.clock.advance(limits.answerDeadlineMs + 50);
    expect((await answer).status).toBe("reserved");
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 2, pendingUnits: 1 });
  });

  test("whose process slept past the append deadline is reserved, though logged", async () => {
    const { stock, log } = engine.deps;
    const sleeping: typeof stock.reserve = async (...args) => {
      const answer = await stock.reserve(...args);
      engine.clock.advance(limits.appendDeadlineMs);
      return answer;
    };
    const order = await bought({}, { stock: { reserve: sleeping } });
    expect(order.status).toBe("reserved");
    expect(await log.end()).toEqual([1]);
  });

  test("whose reserve throws has an unknown outcome", async () => {
    const stock = { reserve: () => Promise.reject(new Error("connection lost")) };
    expect(await refusedWith({}, { stock })).toBe("outcome-unknown");
  });

  test.each([
    [{ key: "2" }, "buyer-limit-reached"],
    [{ key: "1", quantity: 2 }, "idempotency-key-reused"],
    [{ buyer: "b", quantity: 2 }, "buyer-limit-reached"],
  ] as const)("like %p is refused with %s", async (parts, code) => {
    await bought({ key: "1" });
    expect(await refusedWith(parts)).toBe(code);
  });

  test("is refused when nothing is left, and accepted again after a restock", async () => {
    for (const buyer of ["a", "b", "c"]) await bought({ buyer });
    expect(await refusedWith({ buyer: "d" })).toBe("sold-out");
    await engine.deps.stock.restock(sale.id, units(1), 99);
    expect(await refusedWith({ buyer: "d" })).toBe("accepted");
  });

  test("waits for a sale that is not loaded because it has not opened", async () => {
    const later = { ...sale, id: "s77" as typeof sale.id, state: "scheduled" as const };
    const answer = await engine.buy(later);
    expect(answer.ok ? "" : answer.error.code).toBe("sale-not-open");
    const lost = await engine.buy({ ...later, state: "open" });
    expect(lost.ok ? "" : lost.error.code).toBe("stock-unavailable");
  });

  test("is refused while the sale is paused", async () => {
    await actOnSale(engine.deps, sale.id, "pause");
    expect(await refusedWith({})).toBe("sale-paused");
  });

  test("is refused at once when too many wait", async () => {
    const stock = { ...engine.deps.stock, reserve: () => new Promise<never>(() => {}) };
    const batches = purchaseBatches({ ...engine.deps, stock, applied: () => undefined });
    for (let n = 0; n < limits.reserveQueueMax; n += 1) void batches.reserve(sale, request({}));
    expect(batches.waiting()).toBe(limits.reserveQueueMax);
    const refused = await batches.reserve(sale, request({}));
    expect(refused).toEqual({ ok: false, error: { code: "overloaded" } });
  });
});

describe("the sweep", () => {
  test("appends what a crash left between reserve and append", async () => {
    const order = await bought({}, appendFails);
    engine.clock.advance(limits.appendDeadlineMs + 1);
    expect(await sweep(engine.deps, ordersGroup, [sale.id])).toBe(1);
    await engine.consume();
    expect(await statusOf(order.id)).toBe("placed");
    expect(await audited()).toMatchObject({ ok: true, sold: 1, remaining: 2 });
  });

  test("leaves alone what may still arrive, and what it has just appended", async () => {
    await bought({}, appendFails);
    engine.clock.advance(limits.appendDeadlineMs - 1);
    expect(await sweep(engine.deps, ordersGroup, [sale.id])).toBe(0);
    engine.clock.advance(2);
    expect(await sweep(engine.deps, ordersGroup, [sale.id])).toBe(1);
    expect(await sweep(engine.deps, ordersGroup, [sale.id])).toBe(0);
  });

  test("does not append again what merely waits for a slow ledger", async () => {
    await bought();
    engine.clock.advance(60_000);
    expect(await sweep(engine.deps, ordersGroup, [sale.id])).toBe(0);
    expect((await engine.deps.log.lag(ordersGroup)).seconds).toBe(60);
  });
});

describe("a restart", () => {
  test("replays what the log held, knows the keys, and adds up", async () => {
    const order = await bought();
    expect(await engine.restart()).toMatchObject({ replayed: 1, salesLoaded: [sale.id] });
    expect(await statusOf(order.id)).toBe("placed");
    expect(await bought()).toEqual({ ...order, repeated: true });
    expect(await refusedWith({ key: "other" })).toBe("buyer-limit-reached");
    expect(await audited()).toMatchObject({ ok: true, sold: 1, remaining: 2, pending: 0 });
  });

  test("still knows the keys and limits of what was placed before it", async () => {
    const order = await bought();
    await engine.consume();
    await engine.restart();
    expect(await bought()).toEqual({ ...order, repeated: true });
    expect(await refusedWith({ key: "other" })).toBe("buyer-limit-reached");
  });

  test("loads nothing before the log has been replayed", async () => {
    await bought();
    await engine.restartKeepingStock();
    const { orders } = engine.deps;
    const fenced: string[] = [];
    const nextEpoch: typeof orders.nextEpoch = (id) => {
      fenced.push(id);
      return orders.nextEpoch(id);
    };
    const watched = { ...orders, nextEpoch };
    const recovering = recover({ ...engine.deps, orders: watched }, ordersGroup);
    for (let n = 0; n < 20; n += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(fenced).toEqual([]);
    await engine.consume();
    expect((await recovering).replayed).toBe(1);
    expect(fenced).toEqual([sale.id]);
  });

  test("frees a reservation that never reached the log, and says so", async () => {
    const order = await bought({}, appendFails);
    expect((await engine.restart()).replayed).toBe(0);
    expect(await findOrder(engine.deps, order.id)).toMatchObject({
      status: "refused",
      reason: "reservation-lost",
      buyerId: null,
    });
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ remaining: 3, pendingUnits: 0 });
    expect((await bought()).id).not.toBe(order.id);
  });

  test("after a restart the units come from the ledger, sold ones taken off", async () => {
    for (const buyer of ["a", "b"]) await bought({ buyer });
    await engine.restart();
    await bought({ buyer: "c" });
    expect(await refusedWith({ buyer: "d" })).toBe("sold-out");
    await engine.consume();
    expect(await audited()).toMatchObject({ ok: true, sold: 3, remaining: 0 });
  });

  test("keeps an order's time, epoch and sale in its id", async () => {
    const order = await bought();
    expect(order.acceptedAt).toBe(instant(engine.clock.now()));
    expect(await findOrder(engine.deps, "nonsense")).toBeNull();
  });
});

describe("a full disk", () => {
  test("takes nothing it cannot keep, and heals by itself", async () => {
    const pages = engine.sql.query<{ page_count: number }, []>("PRAGMA page_count").get();
    engine.sql.run(`PRAGMA max_page_count = ${pages?.page_count ?? 1}`);
    const answers = new Set<string>();
    for (let n = 0; n < 400 && !answers.has("stock-unavailable"); n += 1) {
      answers.add(await refusedWith({ buyer: `b${n}`, key: "x".repeat(255) }));
      if (answers.has("sold-out")) break;
      if (n === 0) await fill();
    }
    expect(answers).toContain("stock-unavailable");
    engine.sql.run("PRAGMA max_page_count = 1000000");
    const deadline = performance.now() + 5_000;
    while ((await refusedWith({ buyer: "late" })) === "stock-unavailable") {
      if (performance.now() > deadline) throw new Error("did not heal");
      await Bun.sleep(20);
    }
    engine.clock.advance(limits.appendDeadlineMs + 1);
    await sweep(engine.deps, ordersGroup, [sale.id]);
    await engine.consume();
    expect(await audited()).toMatchObject({ ok: true });
  });

  /** Uses up what is left in the pages that are there. */
  async function fill(): Promise<void> {
    for (let n = 0; n < 200; n += 1) {
      const place = { partition: 0, offset: n, producedAt: instant(0) };
      const deadLetter = { ...place, order: null, orderId: null };
      const raw = () => "x".repeat(2_000);
      const full = await engine.deps.log.deadLetter({ ...deadLetter, raw }, "fill").then(
        () => false,
        () => true,
      );
      if (full) return;
    }
  }
});
