/** Sales as time passes and as admins change them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { instant, lockToken, saleIdOf, units } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import { actOnSale, amendSale, createSale } from "../../src/usecases/change-sale.ts";
import { restock } from "../../src/usecases/restock.ts";
import { saleDirectory } from "../../src/usecases/sale-directory.ts";
import { tendSales } from "../../src/usecases/tend-sales.ts";
import { sale as aSale, terms } from "../support/builders.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";

let engine: EmbeddedEngine;
beforeEach(async () => {
  engine = await embeddedEngine(1_000_000);
});
afterEach(() => engine.close());

async function created(over: Parameters<typeof terms>[0] = {}) {
  const result = await createSale(engine.deps, terms(over));
  if (!result.ok) throw new Error(result.error.detail);
  return result.value;
}

const holds = () => ({ kind: "holds", token: lockToken(1) }) as const;
const level = async (id: ReturnType<typeof saleIdOf>) => engine.deps.stock.level(id);
const now = 1_000_000;

describe("a sale with a start and an end", () => {
  test("is loaded ahead, sells from the start to the end, and is then written down", async () => {
    const startsAt = instant(now + 2 * limits.warmUpLeadMs);
    const endsAt = instant(startsAt + 5_000);
    const { id } = await created({ startsAt, endsAt });
    expect(await level(id)).toBeNull();
    engine.clock.set(startsAt - limits.warmUpLeadMs);
    expect(await tendSales(engine.deps, holds)).toEqual({ warmed: 1, opened: 0, closed: 0 });
    expect(await tendSales(engine.deps, holds)).toEqual({ warmed: 0, opened: 0, closed: 0 });
    const sale = await engine.deps.directory.find(id);
    if (sale === null) throw new Error("no sale");
    const early = await engine.buy(sale);
    expect(early.ok ? "" : early.error.code).toBe("sale-not-open");
    engine.clock.set(startsAt);
    expect((await engine.buy(sale)).ok).toBe(true);
    expect(await tendSales(engine.deps, holds)).toEqual({ warmed: 0, opened: 1, closed: 0 });
    engine.clock.set(endsAt);
    const late = await engine.buy(sale, { buyer: "late" });
    expect(late.ok ? "" : late.error.code).toBe("sale-ended");
    expect(await tendSales(engine.deps, holds)).toEqual({ warmed: 0, opened: 0, closed: 1 });
    expect(await tendSales(engine.deps, holds)).toEqual({ warmed: 0, opened: 0, closed: 0 });
    expect((await engine.deps.sales.byId(id))?.state).toBe("closed");
  });

  test("that was paused, and only its stock did not hear of it, is paused by a retry", async () => {
    const { id } = await created();
    await actOnSale(engine.deps, id, "open");
    const deaf = { ...engine.deps.stock, configure: () => Promise.reject(new Error("away")) };
    await expect(actOnSale({ ...engine.deps, stock: deaf }, id, "pause")).rejects.toThrow("away");
    const sale = await engine.deps.sales.byId(id);
    if (sale === null) throw new Error("no sale");
    expect((await engine.buy(sale)).ok).toBe(true);
    expect((await actOnSale(engine.deps, id, "pause")).ok).toBe(true);
    const late = await engine.buy(sale, { buyer: "late" });
    expect(late.ok ? "" : late.error.code).toBe("sale-paused");
  });

  test("that starts soon is loaded at once", async () => {
    const { id } = await created({ startsAt: instant(now + 1_000) });
    expect(await level(id)).toMatchObject({ remaining: 100 });
  });

  test("cannot end before it starts", async () => {
    const wrong = terms({ startsAt: instant(now + 2), endsAt: instant(now + 1) });
    expect(await createSale(engine.deps, wrong)).toMatchObject({
      ok: false,
      error: { code: "invalid-request" },
    });
  });
});

describe("changing a sale", () => {
  test("opens it with its stock loaded, under an epoch of its own", async () => {
    const { id } = await created({ stock: units(7) });
    expect(await actOnSale(engine.deps, id, "open")).toMatchObject({ value: { state: "open" } });
    expect(await level(id)).toMatchObject({ remaining: 7, epoch: 1 });
    expect(await actOnSale(engine.deps, id, "open")).toMatchObject({ value: { version: 2 } });
    expect(await level(id)).toMatchObject({ epoch: 1 });
  });

  test("needs the version that it was read at", async () => {
    const { id } = await created();
    const first = await amendSale(engine.deps, id, 1, { name: "first" });
    expect(first).toMatchObject({ ok: true, value: { version: 2 } });
    const second = await amendSale(engine.deps, id, 1, { name: "second" });
    expect(second).toMatchObject({ ok: false, error: { code: "version-conflict" } });
    expect(engine.deps.directory.peek(id)?.name).toBe("first");
  });

  test("tries an action again that lost a race, but not new terms", async () => {
    const { id } = await created();
    let races = 1;
    const update: typeof engine.deps.sales.update = async (sale) => {
      if (races === 0) return engine.deps.sales.update(sale);
      races -= 1;
      return { ok: false, error: "version-conflict" };
    };
    const deps = { ...engine.deps, sales: { ...engine.deps.sales, update } };
    expect(await actOnSale(deps, id, "open")).toMatchObject({ ok: true });
    races = 1;
    const amended = await amendSale(deps, id, 2, { name: "x" });
    expect(amended).toMatchObject({ ok: false, error: { code: "version-conflict" } });
  });

  test("is refused for a sale that is not there or does not allow it", async () => {
    const missing = await actOnSale(engine.deps, saleIdOf(404), "open");
    expect(missing).toMatchObject({ ok: false, error: { code: "sale-not-found" } });
    const { id } = await created();
    const paused = await actOnSale(engine.deps, id, "pause");
    expect(paused).toMatchObject({ ok: false, error: { code: "invalid-transition" } });
  });
});

describe("a restock", () => {
  test("counts once per key, in the ledger and in the stock", async () => {
    const { id } = await engine.openSale({ stock: units(1) });
    for (const _ of [1, 2]) {
      const result = await restock(engine.deps, id, units(4), "k");
      expect(result).toMatchObject({ ok: true, value: { stock: 5 } });
    }
    expect(await level(id)).toMatchObject({ remaining: 5 });
    await engine.restart();
    expect(await level(id)).toMatchObject({ remaining: 5 });
  });

  test("is refused where it makes no sense", async () => {
    const { id } = await engine.openSale({ stock: units(1) });
    await restock(engine.deps, id, units(4), "k");
    const code = async (...of: [typeof id, number, string]) => {
      const result = await restock(engine.deps, of[0], units(of[1]), of[2]);
      return result.ok ? "ok" : result.error.code;
    };
    expect(await code(id, 5, "k")).toBe("idempotency-key-reused");
    expect(await code(id, limits.stockMax, "much")).toBe("invalid-request");
    expect(await code(saleIdOf(404), 1, "k")).toBe("sale-not-found");
    await actOnSale(engine.deps, id, "close");
    expect(await code(id, 1, "late")).toBe("sale-ended");
  });
});

const noSales = { byId: async () => null, changed: async () => [] };

describe("the sale directory", () => {
  test("asks the repository once, however many ask at the same time", async () => {
    let asked = 0;
    const directory = saleDirectory({
      byId: async (id) => {
        asked += 1;
        return id === saleIdOf(1) ? aSale({}) : null;
      },
      changed: async () => [],
    });
    const answers = await Promise.all([1, 1, 1].map((n) => directory.find(saleIdOf(n))));
    expect(answers.every((answer) => answer?.id === saleIdOf(1))).toBe(true);
    await directory.find(saleIdOf(1));
    expect(await directory.find(saleIdOf(2))).toBeNull();
    expect(asked).toBe(2);
    expect(directory.counts()).toEqual({ hits: 1, misses: 2 });
  });

  test("never forgets a newer version for an older one", () => {
    const directory = saleDirectory(noSales);
    directory.learn(aSale({ version: 3 }));
    directory.learn(aSale({ version: 2 }));
    expect(directory.peek(saleIdOf(1))?.version).toBe(3);
  });

  test("asks anew once the stock applies a newer version than it knows", async () => {
    let asked = 0;
    const byId = async () => {
      asked += 1;
      return aSale({ version: 5 });
    };
    const directory = saleDirectory({ ...noSales, byId });
    directory.applied(saleIdOf(1), 5);
    directory.learn(aSale({ version: 4 }));
    directory.applied(saleIdOf(1), 4);
    expect(asked).toBe(0);
    directory.applied(saleIdOf(1), 5);
    directory.applied(saleIdOf(1), 5);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(directory.peek(saleIdOf(1))?.version).toBe(5);
    expect(asked).toBe(1);
  });

  test("keeps what it knows when asking anew fails", async () => {
    const byId = () => Promise.reject(new Error("the repository is away"));
    const directory = saleDirectory({ ...noSales, byId });
    directory.learn(aSale({ version: 4 }));
    directory.applied(saleIdOf(1), 5);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(directory.peek(saleIdOf(1))?.version).toBe(4);
  });

  test("learns what others changed, of the sales that it knows", async () => {
    const changed = async () => [aSale({ version: 7 }), aSale({ id: saleIdOf(2), version: 7 })];
    const directory = saleDirectory({ ...noSales, changed });
    directory.learn(aSale({ version: 1 }));
    await directory.refresh();
    expect(directory.peek(saleIdOf(1))?.version).toBe(7);
    expect(directory.peek(saleIdOf(2))).toBeUndefined();
  });

  test("forgets sales that nobody asks for when it is full, never one that is asked for", () => {
    const directory = saleDirectory(noSales);
    for (let n = 1; n <= limits.saleDirectoryMax + 1; n += 1) {
      directory.learn(aSale({ id: saleIdOf(n) }));
      expect(directory.peek(saleIdOf(1))).toBeDefined();
      expect(directory.peek(saleIdOf(n))).toBeDefined();
    }
    expect(directory.peek(saleIdOf(2))).toBeUndefined();
  });
});
