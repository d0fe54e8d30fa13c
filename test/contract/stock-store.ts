/** What every stock store promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { epoch, instant, lockToken, saleIdOf, units } from "../../src/domain/ids.ts";
import type { Reservation, StockSettings } from "../../src/domain/reservation.ts";
import { present } from "../../src/lib/assert.ts";
import { ok } from "../../src/lib/result.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { request, reservation, settings } from "../support/builders.ts";
import { loadStock, reserved, reserveOne } from "../support/stock.ts";
import { stockBucketsContract } from "./stock-buckets.ts";

export interface StockStoreHarness {
  readonly stock: StockStore;
  /** Lets the ledger have these orders, as settling presumes. */
  place(orders: readonly Reservation[]): Promise<void>;
  /** Sets the store's clock. */
  setTime(ms: number): void;
  close(): Promise<void>;
}

const saleId = saleIdOf(1);

export function stockStoreContract(name: string, open: () => Promise<StockStoreHarness>): void {
  describe(`a stock store (${name})`, () => {
    let harness: StockStoreHarness;
    let stock: StockStore;

    beforeEach(async () => {
      harness = await open();
      stock = harness.stock;
      harness.setTime(1_000);
    });
    afterEach(() => harness.close());

    const load = (total: number, over: Partial<StockSettings> = {}, at = 1) =>
      loadStock(stock, saleId, { total, epoch: at, settings: over });
    const remaining = async () => (await stock.level(saleId))?.remaining as number | undefined;
    const one = (over: Parameters<typeof request>[0]) => reserveOne(stock, saleId, over);

    test("answers stock-unavailable until a sale is loaded, and takes nothing", async () => {
      const answer = await stock.reserve(saleId, 0, [request({})]);
      expect(answer).toMatchObject({ ok: false, error: { code: "stock-unavailable" } });
      expect(await stock.level(saleId)).toBeNull();
    });

    test("takes units until there are none, in the order of the requests", async () => {
      await load(2);
      const buyers = ["a", "b", "c"].map((buyer) => request({ buyer, key: buyer }));
      const answer = await stock.reserve(saleId, 0, buyers);
      expect(answer.ok && answer.value.outcomes.map((outcome) => outcome.kind)).toEqual([
        "reserved",
        "reserved",
        "sold-out",
      ]);
      expect(await remaining()).toBe(0);
    });

    test("answers a batch of no requests, and takes nothing", async () => {
      await load(2, { version: 3 });
      expect(await stock.reserve(saleId, 0, [])).toEqual(ok({ outcomes: [], version: 3 }));
      expect(await remaining()).toBe(2);
    });

    test("gives an order id that carries the sale, the epoch and the time", async () => {
      await load(1, {}, 7);
      const order = reserved(await one({ buyer: "a" }));
      expect(order).toMatchObject({ saleId, epoch: epoch(7), reservedAt: instant(1_000) });
    });

    test("takes all units of a request or none", async () => {
      await load(3, { perBuyerLimit: units(9) });
      expect((await one({ buyer: "a", quantity: 2 })).kind).toBe("reserved");
      expect((await one({ buyer: "b", quantity: 2 })).kind).toBe("sold-out");
      expect((await one({ buyer: "c", quantity: 1 })).kind).toBe("reserved");
      expect(await remaining()).toBe(0);
    });

    test("answers a known request key with its order, also in one batch", async () => {
      await load(5);
      const answer = await stock.reserve(saleId, 0, [request({}), request({})]);
      const [first, second] = answer.ok ? answer.value.outcomes : [];
      const order = reserved(present(first, "an outcome"));
      expect(second).toEqual({ kind: "same", orderId: order.orderId, pending: true });
      expect(await remaining()).toBe(4);
    });

    test("answers a known key as before when the sale is sold out, paused or over", async () => {
      await load(1);
      const order = reserved(await one({ buyer: "a" }));
      const same = { kind: "same", orderId: order.orderId, pending: true } as const;
      expect(await one({ buyer: "a" })).toEqual(same);
      await stock.configure(saleId, settings({ state: "paused", version: 2 }));
      expect(await one({ buyer: "a" })).toEqual(same);
      await stock.configure(saleId, settings({ state: "closed", version: 3 }));
      expect(await one({ buyer: "a" })).toEqual(same);
    });

    test("refuses a known key with another fingerprint", async () => {
      await load(5);
      await one({ buyer: "a" });
      expect((await one({ buyer: "a", fingerprint: "q2" })).kind).toBe("key-reused");
    });

    test("keeps the keys of different buyers apart", async () => {
      await load(5);
      expect((await one({ buyer: "a", key: "k" })).kind).toBe("reserved");
      expect((await one({ buyer: "b", key: "k" })).kind).toBe("reserved");
    });

    test("holds a buyer to the limit over several orders", async () => {
      await load(9, { perBuyerLimit: units(2) });
      expect((await one({ buyer: "a", key: "1" })).kind).toBe("reserved");
      expect((await one({ buyer: "a", key: "2" })).kind).toBe("reserved");
      expect((await one({ buyer: "a", key: "3" })).kind).toBe("buyer-limit-reached");
    });

    test("still knows keys and limits of orders that were settled", async () => {
      await load(9);
      const order = reserved(await one({ buyer: "a" }));
      await harness.place([order]);
      await stock.settle([order]);
      const again = await one({ buyer: "a" });
      expect(again).toEqual({ kind: "same", orderId: order.orderId, pending: false });
      expect((await one({ buyer: "a", key: "other" })).kind).toBe("buyer-limit-reached");
    });

    test("forgets a rejection: the same key succeeds after a restock", async () => {
      await load(0);
      expect((await one({ buyer: "a" })).kind).toBe("sold-out");
      await stock.restock(saleId, units(1), 1);
      expect((await one({ buyer: "a" })).kind).toBe("reserved");
    });

    test("counts a restock once per ledger version, and none that the load had", async () => {
      await loadStock(stock, saleId, { total: 5, sold: 2, ledgerVersion: 4 });
      await stock.restock(saleId, units(10), 4);
      await stock.restock(saleId, units(10), 5);
      await stock.restock(saleId, units(10), 5);
      expect(await remaining()).toBe(13);
    });

    test("counts a restock that came while the sale was being loaded", async () => {
      await stock.seal(saleId, 1, epoch(1));
      await stock.restock(saleId, units(3), 5);
      await stock.restock(saleId, units(9), 4);
      const snapshot = { total: units(5), sold: units(0), ledgerVersion: 4 };
      await stock.load(saleId, epoch(1), settings({}), snapshot, (async function* () {})());
      expect(await remaining()).toBe(8);
    });

    test("keeps to the window by its own clock", async () => {
      await load(9, { state: "scheduled", startsAt: instant(2_000), endsAt: instant(3_000) });
      expect((await one({ buyer: "a" })).kind).toBe("sale-not-open");
      harness.setTime(2_000);
      expect((await one({ buyer: "a" })).kind).toBe("reserved");
      harness.setTime(3_000);
      expect((await one({ buyer: "b" })).kind).toBe("sale-ended");
    });

    test("refuses while paused and goes on afterwards", async () => {
      await load(9);
      await stock.configure(saleId, settings({ state: "paused", version: 2 }));
      expect((await one({ buyer: "a" })).kind).toBe("sale-paused");
      await stock.configure(saleId, settings({ state: "open", version: 3 }));
      expect((await one({ buyer: "a" })).kind).toBe("reserved");
    });

    test("never lets older settings overwrite newer ones", async () => {
      await load(9);
      await stock.configure(saleId, settings({ state: "closed", version: 5 }));
      await stock.configure(saleId, settings({ state: "open", version: 4 }));
      expect((await one({ buyer: "a" })).kind).toBe("sale-ended");
    });

    test("says which version of the settings it applied", async () => {
      await load(9);
      await stock.configure(saleId, settings({ version: 7 }));
      const answer = await stock.reserve(saleId, 0, [request({})]);
      expect(answer.ok && answer.value.version).toBe(7);
    });

    test("keeps the buyer limit as it was loaded", async () => {
      await load(9, { perBuyerLimit: units(1) });
      await stock.configure(saleId, settings({ perBuyerLimit: units(5), version: 2 }));
      expect((await one({ buyer: "a", quantity: 2 })).kind).toBe("buyer-limit-reached");
    });

    test("ignores settings of a sale that was never loaded", async () => {
      await stock.configure(saleId, settings({ version: 2 }));
      expect(await stock.level(saleId)).toBeNull();
    });

    test("keeps settings that come between the seal and the load, if they are newer", async () => {
      const snapshot = { total: units(3), sold: units(0), ledgerVersion: 1 };
      const none = (async function* () {})();
      await stock.seal(saleId, 1, epoch(1));
      await stock.configure(saleId, settings({ state: "paused", version: 5 }));
      await stock.load(saleId, epoch(1), settings({ version: 4 }), snapshot, none);
      expect((await one({ buyer: "a" })).kind).toBe("sale-paused");
    });

    test("stops at pendingMax and goes on when orders are settled", async () => {
      await load(9, { pendingMax: 1 });
      const order = reserved(await one({ buyer: "a" }));
      expect((await one({ buyer: "b" })).kind).toBe("pending-full");
      await harness.place([order]);
      await stock.settle([order]);
      expect((await one({ buyer: "b" })).kind).toBe("reserved");
    });

    test("settles twice as it settles once", async () => {
      await load(9);
      const order = reserved(await one({ buyer: "a" }));
      await harness.place([order]);
      await stock.settle([order]);
      await stock.settle([order]);
      expect(await stock.level(saleId)).toMatchObject({ remaining: 8, pendingUnits: 0 });
    });

    test("gives released units back exactly once, to whoever asks next", async () => {
      await load(1);
      const order = reserved(await one({ buyer: "a" }));
      await stock.release([order], true);
      await stock.release([order], true);
      expect(await stock.level(saleId)).toMatchObject({
        remaining: 1,
        pendingUnits: 0,
        released: 1,
      });
      expect((await one({ buyer: "b" })).kind).toBe("reserved");
      expect((await one({ buyer: "c" })).kind).toBe("sold-out");
    });

    test("frees the request key of what was released", async () => {
      await load(5);
      const order = reserved(await one({ buyer: "a" }));
      await stock.release([order], true);
      const again = reserved(await one({ buyer: "a" }));
      expect(again.orderId).not.toBe(order.orderId);
      await stock.release([order], true);
      expect((await one({ buyer: "a" })).kind).toBe("same");
      expect(await remaining()).toBe(4);
    });

    test("releases without a unit what the ledger never had", async () => {
      await load(1);
      const order = reserved(await one({ buyer: "a" }));
      await stock.release([order], false);
      expect(await stock.level(saleId)).toMatchObject({
        remaining: 0,
        pendingUnits: 0,
        released: 0,
      });
    });

    test("seals and loads only under a higher epoch, and then nothing is pending", async () => {
      await load(9, {}, 2);
      await one({ buyer: "a" });
      const stale = { ok: false, error: "stale-epoch" } as const;
      expect(await stock.seal(saleId, 1, epoch(2))).toEqual(stale);
      expect(await stock.seal(saleId, 1, epoch(1))).toEqual(stale);
      expect(await remaining()).toBe(8);
      expect((await load(9, {}, 3)).ok).toBe(true);
      expect(await stock.level(saleId)).toMatchObject({ epoch: 3, remaining: 9, pendingOrders: 0 });
    });

    test("reserves nothing from the seal until a load is complete", async () => {
      await load(9, {}, 1);
      expect((await stock.seal(saleId, 1, epoch(2))).ok).toBe(true);
      expect((await stock.seal(saleId, 1, epoch(2))).ok).toBe(true);
      const answer = await stock.reserve(saleId, 0, [request({})]);
      expect(answer).toMatchObject({ ok: false, error: { code: "stock-unavailable" } });
      expect(await stock.level(saleId)).toBeNull();
      expect((await load(5, {}, 2)).ok).toBe(true);
      expect((await one({ buyer: "a" })).kind).toBe("reserved");
      expect(await remaining()).toBe(4);
    });

    test("refuses who held the lock before somebody else did, and takes nothing", async () => {
      const earlier = lockToken(2 ** 52 - 1);
      const later = lockToken(2 ** 52);
      await load(9, { perBuyerLimit: units(9) });
      const under = (token: typeof later | undefined, key: string) =>
        stock.reserve(saleId, 0, [request({ buyer: "a", key })], token);
      expect((await under(earlier, "1")).ok).toBe(true);
      expect((await under(later, "2")).ok).toBe(true);
      expect(await under(earlier, "3")).toMatchObject({ error: { code: "stale-token" } });
      expect(await remaining()).toBe(7);
      expect((await under(later, "3")).ok).toBe(true);
      expect((await under(undefined, "4")).ok).toBe(true);
    });

    test("remembers a lock's token over loads", async () => {
      const [earlier, later] = [lockToken(3), lockToken(4)];
      await load(9);
      expect((await stock.seal(saleId, 1, epoch(2), later)).ok).toBe(true);
      const stale = { ok: false, error: "stale-token" } as const;
      expect(await stock.seal(saleId, 1, epoch(3), earlier)).toEqual(stale);
      expect((await load(9, {}, 2)).ok).toBe(true);
      const answer = await stock.reserve(saleId, 0, [request({})], earlier);
      expect(answer).toMatchObject({ error: { code: "stale-token" } });
    });

    test("loads nothing that is not sealed under the very epoch", async () => {
      const snapshot = { total: units(9), sold: units(0), ledgerVersion: 0 };
      const under = (at: number) =>
        stock.load(saleId, epoch(at), settings({}), snapshot, noOrders());
      const stale = { ok: false, error: "stale-epoch" } as const;
      expect(await under(1)).toEqual(stale);
      await stock.seal(saleId, 1, epoch(2));
      expect(await under(1)).toEqual(stale);
      expect(await under(3)).toEqual(stale);
      await stock.seal(saleId, 1, epoch(3));
      expect(await under(2)).toEqual(stale);
      expect((await under(3)).ok).toBe(true);
      expect(await under(3)).toEqual(stale);
    });

    test("knows the keys and the units of what buyers held before the load", async () => {
      const placed = reservation({ buyer: "a", key: "old", at: 500 });
      await harness.place([placed]);
      await loadStock(stock, saleId, {
        total: 9,
        sold: 1,
        epoch: 2,
        settings: { perBuyerLimit: units(2) },
        held: [placed],
      });
      const again = await one({ buyer: "a", key: "old" });
      expect(again).toEqual({ kind: "same", orderId: placed.orderId, pending: false });
      expect((await one({ buyer: "a", key: "new" })).kind).toBe("reserved");
      expect((await one({ buyer: "a", key: "third" })).kind).toBe("buyer-limit-reached");
      expect(await remaining()).toBe(7);
    });

    test("hands out the overdue oldest first, then leaves them alone for longer", async () => {
      await load(9);
      const first = reserved(await one({ buyer: "a" }));
      harness.setTime(2_000);
      const second = reserved(await one({ buyer: "b" }));
      expect(await stock.overdue([saleId], instant(1_000), 9)).toEqual([]);
      expect(await stock.overdue([saleId], instant(2_001), 1)).toEqual([first]);
      expect(await stock.overdue([saleId], instant(2_001), 9)).toEqual([second]);
      expect(await stock.overdue([saleId], instant(11_000), 9)).toEqual([]);
      harness.setTime(60_000);
      expect(await stock.overdue([saleId], instant(60_000), 9)).toHaveLength(2);
      expect(await stock.overdue([saleId], instant(79_000), 9)).toEqual([]);
      expect(await stock.overdue([saleId], instant(80_001), 9)).toHaveLength(2);
    });

    test("finds pending reservations by order and by buyer", async () => {
      await load(9, { perBuyerLimit: units(5) });
      const a = reserved(await one({ buyer: "a", key: "1" }));
      const b = reserved(await one({ buyer: "b", key: "1" }));
      expect(await stock.pending(saleId, { orderIds: [b.orderId] })).toEqual([b]);
      expect(await stock.pending(saleId, { buyerId: a.buyerId })).toEqual([a]);
      expect(await stock.pending(saleId, {})).toHaveLength(2);
    });
  });
  stockBucketsContract(name, open);
}

async function* noOrders(): AsyncGenerator<never> {}
