/** What every stock store promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Epoch, epoch, instant, type SaleId, saleIdOf, units } from "../../src/domain/ids.ts";
import type {
  HeldOrder,
  Reservation,
  ReserveOutcome,
  ReserveRequest,
  StockSettings,
} from "../../src/domain/reservation.ts";
import { present } from "../../src/lib/assert.ts";
import type { StockSnapshot, StockStore } from "../../src/ports/stock-store.ts";
import { request, settings } from "../support/builders.ts";

export interface StockStoreHarness {
  readonly stock: StockStore;
  /** Lets the ledger have these orders, as settling presumes. */
  place(orders: readonly Reservation[]): Promise<void>;
  /** Sets the store's clock. */
  setTime(ms: number): Promise<void>;
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
      await harness.setTime(1_000);
    });
    afterEach(() => harness.close());

    const load = (total: number, over: Partial<StockSettings> = {}, at = 1) =>
      loadStock(stock, epoch(at), settings(over), { total: units(total) });
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
      expect((await several(stock, saleId, buyers)).map((outcome) => outcome.kind)).toEqual([
        "reserved",
        "reserved",
        "sold-out",
      ]);
      expect(await remaining()).toBe(0);
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
      const [first, second] = await several(stock, saleId, [request({}), request({})]);
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
      const snapshot = { total: units(5), sold: units(2), ledgerVersion: 4 };
      await loadStock(stock, epoch(1), settings({}), snapshot);
      await stock.restock(saleId, units(10), 4);
      await stock.restock(saleId, units(10), 5);
      await stock.restock(saleId, units(10), 5);
      expect(await remaining()).toBe(13);
    });

    test("keeps to the window by its own clock", async () => {
      await load(9, { state: "scheduled", startsAt: instant(2_000), endsAt: instant(3_000) });
      expect((await one({ buyer: "a" })).kind).toBe("sale-not-open");
      await harness.setTime(2_000);
      expect((await one({ buyer: "a" })).kind).toBe("reserved");
      await harness.setTime(3_000);
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

    test("loads only under a higher epoch, and then nothing is pending", async () => {
      await load(9, {}, 2);
      await one({ buyer: "a" });
      expect(await load(9, {}, 2)).toEqual({ ok: false, error: "stale-epoch" });
      expect(await load(9, {}, 1)).toEqual({ ok: false, error: "stale-epoch" });
      expect(await remaining()).toBe(8);
      expect((await load(9, {}, 3)).ok).toBe(true);
      expect(await stock.level(saleId)).toMatchObject({ epoch: 3, remaining: 9, pendingOrders: 0 });
    });

    test("hands out the overdue oldest first, then leaves them alone for longer", async () => {
      await load(9);
      const first = reserved(await one({ buyer: "a" }));
      await harness.setTime(2_000);
      const second = reserved(await one({ buyer: "b" }));
      expect(await stock.overdue([saleId], instant(1_000), 9)).toEqual([]);
      expect(await stock.overdue([saleId], instant(2_001), 1)).toEqual([first]);
      expect(await stock.overdue([saleId], instant(2_001), 9)).toEqual([second]);
      expect(await stock.overdue([saleId], instant(11_000), 9)).toEqual([]);
      await harness.setTime(60_000);
      expect(await stock.overdue([saleId], instant(60_000), 9)).toHaveLength(2);
      expect(await stock.overdue([saleId], instant(79_000), 9)).toEqual([]);
      expect(await stock.overdue([saleId], instant(80_001), 9)).toHaveLength(2);
    });

    test("reserves nothing from the seal to the end of the load", async () => {
      await load(9);
      expect(await stock.seal(saleId, 1, epoch(2))).toEqual({ ok: true, value: undefined });
      const answer = await stock.reserve(saleId, 0, [request({})]);
      expect(answer).toMatchObject({ ok: false, error: { code: "stock-unavailable" } });
      expect(await stock.level(saleId)).toBeNull();
      expect((await load(9, {}, 2)).ok).toBe(true);
      expect((await one({ buyer: "a" })).kind).toBe("reserved");
    });

    test("seals twice as it seals once, but not what was loaded since", async () => {
      expect((await stock.seal(saleId, 1, epoch(2))).ok).toBe(true);
      expect((await stock.seal(saleId, 1, epoch(2))).ok).toBe(true);
      expect(await stock.seal(saleId, 1, epoch(1))).toEqual({ ok: false, error: "stale-epoch" });
      await load(9, {}, 2);
      expect(await stock.seal(saleId, 1, epoch(2))).toEqual({ ok: false, error: "stale-epoch" });
    });

    test("loads only what is sealed under this very epoch", async () => {
      const snapshot = { total: units(9), sold: units(0), ledgerVersion: 0 };
      const loadAt = (at: number) =>
        stock.load(saleId, epoch(at), settings({}), snapshot, batched([]));
      expect(await loadAt(1)).toEqual({ ok: false, error: "stale-epoch" });
      await stock.seal(saleId, 1, epoch(3));
      expect(await loadAt(2)).toEqual({ ok: false, error: "stale-epoch" });
      expect((await loadAt(3)).ok).toBe(true);
      expect(await loadAt(3)).toEqual({ ok: false, error: "stale-epoch" });
    });

    test("knows after a load what buyers hold", async () => {
      await load(9, { perBuyerLimit: units(3) });
      const order = reserved(await one({ buyer: "a", key: "1", quantity: 2 }));
      await harness.place([order]);
      const wanted = settings({ perBuyerLimit: units(3) });
      const snapshot = { total: units(9), sold: units(2), ledgerVersion: 1 };
      await loadStock(stock, epoch(2), wanted, snapshot, [order]);
      const again = await one({ buyer: "a", key: "1", quantity: 2 });
      expect(again).toEqual({ kind: "same", orderId: order.orderId, pending: false });
      expect((await one({ buyer: "a", key: "1", quantity: 1 })).kind).toBe("key-reused");
      expect((await one({ buyer: "a", key: "2", quantity: 2 })).kind).toBe("buyer-limit-reached");
      expect((await one({ buyer: "a", key: "2", quantity: 1 })).kind).toBe("reserved");
      expect(await remaining()).toBe(6);
    });

    test("says which version of the settings it applied", async () => {
      await load(9, { version: 4 });
      const version = async () => {
        const answer = await stock.reserve(saleId, 0, [request({})]);
        return answer.ok && answer.value.version;
      };
      expect(await version()).toBe(4);
      await stock.configure(saleId, settings({ version: 7 }));
      expect(await version()).toBe(7);
    });

    test("keeps the limit and the buckets that it was loaded with", async () => {
      await load(9, { perBuyerLimit: units(2) });
      await stock.configure(saleId, settings({ perBuyerLimit: units(9), version: 2 }));
      expect((await one({ buyer: "a", quantity: 3 })).kind).toBe("buyer-limit-reached");
    });

    test("shows one bucket as it is", async () => {
      await load(9);
      const before = (await stock.buckets(saleId))?.[0];
      expect(before).toMatchObject({ remaining: 9, outgoing: [], epoch: 1 });
      await one({ buyer: "a" });
      const after = (await stock.buckets(saleId))?.[0];
      expect(after?.remaining as number).toBe(8);
      expect(after?.changes).not.toBe(before?.changes as number);
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
}

/** Seals and loads a sale that nobody holds anything of. */
async function loadStock(
  stock: StockStore,
  at: Epoch,
  wanted: StockSettings,
  snapshot: Partial<StockSnapshot>,
  held: readonly HeldOrder[] = [],
) {
  const sealed = await stock.seal(saleId, wanted.buckets, at);
  if (!sealed.ok) return sealed;
  const read = { total: units(0), sold: units(0), ledgerVersion: 0, ...snapshot };
  return stock.load(saleId, at, wanted, read, batched(held));
}

async function* batched(held: readonly HeldOrder[]) {
  if (held.length > 0) yield held;
}

async function several(
  stock: StockStore,
  sale: SaleId,
  requests: readonly ReserveRequest[],
): Promise<readonly ReserveOutcome[]> {
  const answer = await stock.reserve(sale, 0, requests);
  if (!answer.ok) throw new Error(answer.error.detail);
  return answer.value.outcomes;
}

async function reserveOne(
  stock: StockStore,
  sale: SaleId,
  over: Parameters<typeof request>[0],
): Promise<ReserveOutcome> {
  return present((await several(stock, sale, [request(over)]))[0], "one outcome");
}

function reserved(outcome: ReserveOutcome): Reservation {
  if (outcome.kind !== "reserved") throw new Error(`expected a reservation, got ${outcome.kind}`);
  return outcome.order;
}
