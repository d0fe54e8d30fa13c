// Who decides about adaptive rates, from what, and what becomes of it when he dies: on the embedded
// stores, with a log and a stock that are slow when a test says so.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { embeddedRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { instant } from "../../src/domain/ids.ts";
import { limits } from "../../src/domain/limits.ts";
import type { Sale } from "../../src/domain/sale.ts";
import type { LogLag } from "../../src/ports/order-log.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { type RateDecision, type RateKeeper, rateKeeper } from "../../src/usecases/adapt-rates.ts";
import { type EmbeddedEngine, embeddedEngine } from "../support/embedded-engine.ts";

const adaptive = { floorPerSecond: 10, lagTargetMs: 200, reserveTargetMs: 50 };
const rateLimit = { perSecond: 1_000, burst: 1_000, adaptive };

let engine: EmbeddedEngine;
let limiter: ReturnType<typeof embeddedRateLimiter>;
let sale: Sale;
/** What the log and the stock answer; a test replaces them. */
let lag: () => Promise<LogLag>;
let reserve: StockStore["reserve"];
let asked: number[];

beforeEach(async () => {
  engine = await embeddedEngine();
  limiter = embeddedRateLimiter(engine.clock);
  sale = await engine.openSale({ rateLimit });
  lag = () => engine.deps.log.lag(ordersGroup);
  asked = [];
  reserve = engine.deps.stock.reserve;
});
afterEach(() => engine.close());

function keeper(): RateKeeper {
  const log = { lag: () => lag() };
  const stock: Pick<StockStore, "reserve"> = {
    reserve: (id, bucket, requests) => {
      asked.push(bucket);
      return reserve(id, bucket, requests);
    },
  };
  return rateKeeper({ log, stock, limiter, clock: engine.clock }, ordersGroup);
}

const behind = (ms: number) => async (): Promise<LogLag> => {
  const consumedThrough = instant(engine.clock.now() - ms);
  return { messages: ms, seconds: ms / 1_000, consumedThrough };
};

/** Some rounds; the last decision. */
async function rounds(by: RateKeeper, n: number, sales = [sale]): Promise<RateDecision | null> {
  let last: readonly RateDecision[] = [];
  for (let round = 0; round < n; round += 1) {
    engine.clock.advance(limits.adaptEveryMs);
    last = await by.keep(sales);
  }
  return last[0] ?? null;
}

const inForce = async () => (await limiter.adjust("sale", sale.id, rateLimit, null)).perSecond;

describe("the keeper of adaptive rates", () => {
  test("leaves a sale at its ceiling while nothing is wrong", async () => {
    const decided = await rounds(keeper(), 5);
    expect(decided).toEqual({ saleId: sale.id, perSecond: 1_000, lowered: null, turned: null });
    expect(await inForce()).toBe(1_000);
  });

  test("lowers what is granted while the ledger is behind, and raises it afterwards", async () => {
    const by = keeper();
    await rounds(by, 3);
    lag = behind(500);
    expect(await rounds(by, 1)).toMatchObject({ lowered: "lag", turned: "from-ceiling" });
    expect(await inForce()).toBeLessThan(600);
    await rounds(by, 20);
    expect(await inForce()).toBe(10);
    lag = () => engine.deps.log.lag(ordersGroup);
    await rounds(by, 79);
    expect(await inForce()).toBeLessThan(1_000);
    expect((await rounds(by, 1))?.turned).toBe("to-ceiling");
    expect(await inForce()).toBe(1_000);
  });

  test("lowers it while the stock is slow, even if it does not answer at all", async () => {
    const by = keeper();
    await rounds(by, 1);
    reserve = () => new Promise(() => undefined);
    const reasons: (string | null)[] = [];
    for (let round = 0; round < 3; round += 1) {
      const deciding = by.keep([sale]);
      engine.clock.advance(limits.adaptLookMs);
      reasons.push((await deciding)[0]?.lowered ?? null);
    }
    expect(reasons).toEqual([null, "latency", "latency"]);
    expect(asked.length).toBe(2);
    expect(await inForce()).toBe(250);
  });

  test("looks at one bucket after the other, and takes nothing", async () => {
    sale = await engine.openSale({ rateLimit, buckets: 3 });
    await rounds(keeper(), 4);
    expect(asked).toEqual([1, 2, 0, 1]);
    expect(await engine.deps.stock.level(sale.id)).toMatchObject({ pendingOrders: 0 });
  });

  test("does not take a stock that fails for a slow one", async () => {
    reserve = () => Promise.reject(new Error("no answer"));
    expect(await rounds(keeper(), 5)).toMatchObject({ perSecond: 1_000 });
  });

  test("holds while nobody knows how far the ledger is behind, lowers after a while", async () => {
    const by = keeper();
    await rounds(by, 1);
    lag = () => Promise.reject(new Error("the log is away"));
    await rounds(by, limits.adaptBlindMs / limits.adaptEveryMs - 1);
    expect(await inForce()).toBe(1_000);
    expect(await rounds(by, 1)).toMatchObject({ lowered: "blind", perSecond: 500 });
  });

  test.each([
    ["all", 200, 400],
    ["less", 80, 320],
    ["hardly anything", 1, 250],
  ])("cuts a rate by what is taken of it: %s", async (_, inARound, cutTo) => {
    const by = keeper();
    const take = async () => {
      for (let n = 0; n < inARound; n += 1) limiter.take("sale", sale.id, rateLimit);
      return await rounds(by, 1);
    };
    for (let round = 0; round < 20; round += 1) await take();
    // Half of the speed from now on, with more and more that waits.
    const since = engine.clock.now();
    lag = () => behind((engine.clock.now() - since) / 2)();
    let decided = await take();
    while (decided?.lowered === null) decided = await take();
    expect(decided?.perSecond).toBe(cutTo);
  });

  test("goes on from what another left behind", async () => {
    lag = behind(500);
    const first = keeper();
    await rounds(first, 4);
    const left = await inForce();
    expect(left).toBeLessThan(300);
    lag = behind(150);
    expect((await rounds(keeper(), 2))?.perSecond).toBe(left);
    expect(await inForce()).toBe(left);
  });

  test("waits with a sale whose rate cannot be read, says it again if it was lost", async () => {
    const { adjust } = limiter;
    let away = true;
    limiter.adjust = (...args) =>
      away ? Promise.reject(new Error("Redis is away")) : adjust(...args);
    lag = behind(500);
    const by = keeper();
    expect(await rounds(by, 3)).toBeNull();
    away = false;
    await rounds(by, 1);
    away = true;
    const decided = await rounds(by, 5);
    away = false;
    expect(await inForce()).toBeGreaterThan(decided?.perSecond ?? 0);
    await rounds(by, 1);
    expect(await inForce()).toBeLessThanOrEqual(decided?.perSecond ?? 0);
  });

  test("leaves alone sales that are not adaptive, not open or not its own", async () => {
    const fixed = await engine.openSale({});
    const paused: Sale = { ...sale, state: "paused" };
    lag = behind(500);
    const by = keeper();
    expect(await rounds(by, 3, [fixed, paused])).toBeNull();
    expect(asked).toEqual([]);
    await rounds(by, 3);
    const left = await inForce();
    await rounds(by, 3, []);
    expect(await inForce()).toBe(left);
  });

  test("decides for several sales from one look at the log", async () => {
    const other = await engine.openSale({ rateLimit: { ...rateLimit, perSecond: 500 } });
    let looks = 0;
    lag = () => {
      looks += 1;
      return behind(500)();
    };
    engine.clock.advance(limits.adaptEveryMs);
    const decided = await keeper().keep([sale, other]);
    expect(decided.map(({ perSecond }) => perSecond)).toEqual([500, 250]);
    expect(looks).toBe(1);
  });
});
