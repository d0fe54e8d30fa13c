/** What a stock store promises of a sale in several buckets, kept also by a store that has only
 * one whatever the settings say. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { homeBucket, saleIdOf, units } from "../../src/domain/ids.ts";
import type { StockSettings } from "../../src/domain/reservation.ts";
import { present } from "../../src/lib/assert.ts";
import type { StockStore, Transfer } from "../../src/ports/stock-store.ts";
import { finishTransfers, refill } from "../../src/usecases/refill-bucket.ts";
import { request, reservation } from "../support/builders.ts";
import { loadStock, reserved, reserveOne } from "../support/stock.ts";
import type { StockStoreHarness } from "./stock-store.ts";

const saleId = saleIdOf(1);
const asked = 8;

export function stockBucketsContract(name: string, open: () => Promise<StockStoreHarness>): void {
  describe(`a stock store with several buckets (${name})`, () => {
    let harness: StockStoreHarness;
    let stock: StockStore;

    beforeEach(async () => {
      harness = await open();
      stock = harness.stock;
      harness.setTime(1_000);
    });
    afterEach(() => harness.close());

    /** How many buckets there are. */
    const load = async (total: number, over: Partial<StockSettings> = {}): Promise<number> => {
      await loadStock(stock, saleId, { total, settings: { buckets: asked, ...over } });
      return (await levels()).length;
    };
    const levels = async () => present(await stock.buckets(saleId), "a loaded sale");
    const level = async () => present(await stock.level(saleId), "a loaded sale");
    /** The first transfer that can be sent, if there is more than one bucket. */
    const sendSome = async (wanted: number): Promise<Transfer | null> =>
      (await levels()).length === 1 ? null : stock.send(saleId, 0, 1, units(wanted));

    test("spreads the units over the buckets to the last one", async () => {
      const buckets = await load(21);
      const shares = (await levels()).map((bucket) => bucket.remaining);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(21);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      expect(shares).toHaveLength(buckets);
      expect(await level()).toMatchObject({ remaining: 21, inTransfer: 0 });
    });

    test("knows nothing of buckets that are not loaded", async () => {
      expect(await stock.buckets(saleId)).toBeNull();
      await load(5);
      expect((await stock.seal(saleId, asked, reservation({ epoch: 2 }).epoch)).ok).toBe(true);
      expect(await stock.level(saleId)).toBeNull();
    });

    test("sells to the last unit wherever the buyers are at home, and none more", async () => {
      const buckets = await load(30);
      const kinds: string[] = [];
      for (let n = 0; n < 40; n += 1) {
        const bought = await buyAnywhere(stock, `buyer-${n}`, buckets);
        kinds.push(bought.kind);
      }
      expect(kinds.filter((kind) => kind === "reserved")).toHaveLength(30);
      expect(kinds.filter((kind) => kind === "sold-out")).toHaveLength(10);
      expect(await level()).toMatchObject({ remaining: 0, pendingOrders: 30, inTransfer: 0 });
    });

    test("sells to the last unit while buyers race for it", async () => {
      const buckets = await load(50);
      const buyers = Array.from({ length: 80 }, (_, n) => `buyer-${n}`);
      const bought = await Promise.all(buyers.map((buyer) => buyUntilSure(stock, buyer, buckets)));
      expect(bought.filter((kind) => kind === "reserved")).toHaveLength(50);
      expect(await level()).toMatchObject({ remaining: 0, pendingOrders: 50, inTransfer: 0 });
    });

    test("counts units on their way as neither here nor there, and loses none", async () => {
      await load(16);
      const sent = await sendSome(2);
      const onTheWay = sent?.units ?? 0;
      expect(await level()).toMatchObject({ remaining: 16 - onTheWay, inTransfer: onTheWay });
      expect((await levels()).flatMap((bucket) => bucket.outgoing)).toEqual(
        sent === null ? [] : [sent],
      );
      expect(await finishTransfers({ stock }, saleId)).toHaveLength(sent === null ? 0 : 1);
      expect(await level()).toMatchObject({ remaining: 16, inTransfer: 0 });
    });

    test("receives a transfer once, however often and late it is finished", async () => {
      await load(16);
      const first = await sendSome(1);
      if (first === null) return;
      await Promise.all([1, 2, 3].map(() => stock.receive(saleId, first)));
      const second = present(await sendSome(1), "the pair is free again");
      expect(second.number).toBeGreaterThan(first.number);
      await stock.receive(saleId, first);
      expect(await level()).toMatchObject({ remaining: 15, inTransfer: 1 });
      await stock.receive(saleId, second);
      await stock.receive(saleId, first);
      expect(await level()).toMatchObject({ remaining: 16, inTransfer: 0 });
      expect((await levels())[1]).toMatchObject({ remaining: 4, received: new Map([[0, 2]]) });
    });

    test("has one transfer of a pair under way, and none of a bucket that is empty", async () => {
      await load(16);
      const sent = await sendSome(1_000);
      expect(await sendSome(1)).toBeNull();
      if (sent === null) return;
      expect(sent.units).toBe(units(2));
      await stock.receive(saleId, sent);
      expect(await sendSome(1)).toBeNull();
    });

    test("ignores transfers of an epoch before", async () => {
      await load(16);
      const sent = await sendSome(1);
      await loadStock(stock, saleId, { total: 16, epoch: 2, settings: { buckets: asked } });
      if (sent !== null) await stock.receive(saleId, sent);
      expect(await level()).toMatchObject({ remaining: 16, inTransfer: 0 });
    });

    test("changes a bucket's change counter whenever its units change", async () => {
      const buckets = await load(16);
      const sum = async () => (await levels()).reduce((so, bucket) => so + bucket.changes, 0);
      let before = await sum();
      const grew = async () => {
        const now = await sum();
        expect(now).toBeGreaterThan(before);
        before = now;
      };
      const order = reserved(await reserveOne(stock, saleId, { buyer: "a" }, buckets));
      await grew();
      await stock.release([order], true);
      await grew();
      await stock.restock(saleId, units(3), 9);
      await grew();
      const sent = await sendSome(1);
      if (sent === null) return;
      await grew();
      await stock.receive(saleId, sent);
      await grew();
    });

    test("finds pending orders of every bucket, by id, by buyer, and overdue", async () => {
      const buckets = await load(40);
      const buyers = Array.from({ length: 20 }, (_, n) => `buyer-${n}`);
      const orders = [];
      for (const [at, buyer] of buyers.entries()) {
        harness.setTime(1_000 + at);
        orders.push(reserved(await reserveOne(stock, saleId, { buyer }, buckets)));
      }
      const ids = orders.map((order) => order.orderId);
      expect(await stock.pending(saleId, { orderIds: ids })).toEqual(orders);
      expect(await stock.pending(saleId, {})).toHaveLength(20);
      for (const order of orders) {
        expect(await stock.pending(saleId, { buyerId: order.buyerId })).toEqual([order]);
      }
      const before = reservation({ at: 9_000 }).reservedAt;
      expect(await stock.overdue([saleId], before, 5)).toEqual(orders.slice(0, 5));
      await stock.settle(orders.slice(0, 10));
      expect(await stock.overdue([saleId], before, 99)).toEqual(orders.slice(10));
      expect(await level()).toMatchObject({ pendingOrders: 10, pendingUnits: 10 });
    });

    test("bounds what is pending in all buckets together", async () => {
      const buckets = await load(400, { pendingMax: 16 });
      let taken = 0;
      for (let n = 0; n < 100; n += 1) {
        const outcome = await reserveOne(stock, saleId, { buyer: `buyer-${n}` }, buckets);
        if (outcome.kind === "reserved") taken += 1;
      }
      expect(taken).toBe(16);
    });

    test("adds restocked units once, for buyers of every bucket", async () => {
      const buckets = await load(0);
      await stock.restock(saleId, units(9), 1);
      await stock.restock(saleId, units(9), 1);
      expect(await level()).toMatchObject({ remaining: 9 });
      for (let n = 0; n < 9; n += 1) {
        expect((await buyAnywhere(stock, `buyer-${n}`, buckets)).kind).toBe("reserved");
      }
      expect((await buyAnywhere(stock, "late", buckets)).kind).toBe("sold-out");
    });
  });
}

/** As a purchase does: units come from other buckets if the home bucket has none. */
async function buyAnywhere(stock: StockStore, buyer: string, buckets: number) {
  const outcome = await reserveOne(stock, saleId, { buyer }, buckets);
  if (outcome.kind !== "sold-out") return outcome;
  const found = await refill({ stock }, saleId, homeOf(buyer, buckets), units(1));
  return found === "refilled" ? reserveOne(stock, saleId, { buyer }, buckets) : outcome;
}

/** Until nobody else takes what was brought. */
async function buyUntilSure(stock: StockStore, buyer: string, buckets: number): Promise<string> {
  for (;;) {
    const outcome = await reserveOne(stock, saleId, { buyer }, buckets);
    if (outcome.kind !== "sold-out") return outcome.kind;
    const found = await refill({ stock }, saleId, homeOf(buyer, buckets), units(1));
    if (found === "sold-out") return found;
  }
}

function homeOf(buyer: string, buckets: number): number {
  return homeBucket(request({ buyer }).buyerId, buckets);
}
