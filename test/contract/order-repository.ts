/** What every order repository promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type BuyerId,
  epoch,
  instant,
  lockToken,
  saleIdOf,
  type Units,
  units,
} from "../../src/domain/ids.ts";
import { ok } from "../../src/lib/result.ts";
import type { OrderRepository } from "../../src/ports/order-repository.ts";
import type { SaleRepository } from "../../src/ports/sale-repository.ts";
import { reservation, terms } from "../support/builders.ts";

export interface OrderRepositoryHarness {
  readonly orders: OrderRepository;
  readonly sales: SaleRepository;
  close(): Promise<void>;
}

const saleId = saleIdOf(1);
const now = instant(9_000);

export function orderRepositoryContract(
  name: string,
  open: () => Promise<OrderRepositoryHarness>,
): void {
  describe(`an order repository (${name})`, () => {
    let harness: OrderRepositoryHarness;
    let orders: OrderRepository;

    beforeEach(async () => {
      harness = await open();
      orders = harness.orders;
    });
    afterEach(() => harness.close());

    const createSale = (stock: number, perBuyerLimit = 1) =>
      harness.sales.create(
        terms({ stock: units(stock), perBuyerLimit: units(perBuyerLimit) }),
        now,
      );
    const audit = () => orders.audit(saleId, []);
    const kinds = async (...batch: ReturnType<typeof reservation>[]) =>
      (await orders.place(batch, now)).map((result) => result.reason ?? result.kind);

    test("places orders and counts them in the ledger", async () => {
      await createSale(5);
      const batch = [
        reservation({ sequence: 1, buyer: "a" }),
        reservation({ sequence: 2, buyer: "b" }),
      ];
      expect(await kinds(...batch)).toEqual(["placed", "placed"]);
      expect(await audit()).toMatchObject({ stock: 5, sold: 2, placed: 2, orders: 2 });
      const [stored] = await orders.byId([batch[0]?.orderId ?? reservation({}).orderId]);
      expect(stored).toMatchObject({ ...batch[0], status: "placed", placedAt: now, reason: null });
    });

    test("recognises an order it has decided before, in its batch and later", async () => {
      await createSale(5);
      const order = reservation({ sequence: 1 });
      expect(await kinds(order, order)).toEqual(["placed", "duplicate"]);
      expect(await kinds(order)).toEqual(["duplicate"]);
      expect(await audit()).toMatchObject({ sold: 1, orders: 1 });
    });

    test("refuses what the ledger has no room for, visibly and for good", async () => {
      await createSale(1);
      const late = reservation({ sequence: 2, buyer: "b" });
      expect(await kinds(reservation({ sequence: 1, buyer: "a" }), late)).toEqual([
        "placed",
        "no-room",
      ]);
      await orders.restock(saleId, units(5), "more");
      const [again] = await orders.place([late], now);
      expect(again).toMatchObject({ kind: "duplicate", status: "refused", reason: "no-room" });
      const [stored] = await orders.byId([late.orderId]);
      expect(stored).toMatchObject({ status: "refused", reason: "no-room" });
    });

    test("sells to the last unit and not one more", async () => {
      await createSale(3, 3);
      const batch = [1, 2, 3, 4].map((n) =>
        reservation({ sequence: n, buyer: `b${n}`, key: `${n}` }),
      );
      expect(await kinds(...batch)).toEqual(["placed", "placed", "placed", "no-room"]);
      expect(await audit()).toMatchObject({ stock: 3, sold: 3, placed: 3 });
    });

    test("holds a buyer to the limit, within a batch and over batches", async () => {
      await createSale(9, 2);
      const of = (n: number) => reservation({ sequence: n, buyer: "a", key: `${n}` });
      expect(await kinds(of(1), of(2), of(3))).toEqual(["placed", "placed", "buyer-limit"]);
      expect(await kinds(of(4))).toEqual(["buyer-limit"]);
      expect(await audit()).toMatchObject({ sold: 2, overLimitBuyers: 0 });
    });

    test("makes at most one live order of a request key", async () => {
      await createSale(9, 9);
      const of = (n: number) => reservation({ sequence: n, buyer: "a", key: "same" });
      expect(await kinds(of(1), of(2))).toEqual(["placed", "duplicate-request-key"]);
      expect(await audit()).toMatchObject({ sold: 1, duplicates: 0 });
    });

    test("lets a refused order's request key be used again", async () => {
      await createSale(0, 9);
      const of = (n: number) => reservation({ sequence: n, buyer: "a", key: "same" });
      expect(await kinds(of(1))).toEqual(["no-room"]);
      await orders.restock(saleId, units(1), "more");
      expect(await kinds(of(2))).toEqual(["placed"]);
    });

    test("refuses unseen orders of an older epoch, but not those it has", async () => {
      await createSale(9, 9);
      const placed = reservation({ sequence: 1, key: "1", epoch: 0 });
      await orders.place([placed], now);
      expect(await orders.fence(saleId, epoch(1))).toMatchObject({
        ok: true,
        value: { epoch: 1, snapshot: { total: 9, sold: 1 } },
      });
      const late = reservation({ sequence: 2, key: "2", epoch: 0 });
      expect(await kinds(late, placed)).toEqual(["reservation-lost", "duplicate"]);
      expect(await kinds(reservation({ sequence: 3, key: "3", epoch: 1 }))).toEqual(["placed"]);
      expect(await orders.ledger(saleId)).toMatchObject({ minEpoch: 1 });
    });

    test("gives the first epoch once", async () => {
      await createSale(9);
      const first = await orders.firstEpoch(saleId);
      expect(first).toMatchObject({ epoch: 1, snapshot: { total: 9, sold: 0 } });
      expect(await orders.firstEpoch(saleId)).toBeNull();
      expect(await orders.ledger(saleId)).toMatchObject({ minEpoch: 1 });
    });

    test("counts epochs up, and fences only upwards", async () => {
      await createSale(9, 9);
      await orders.firstEpoch(saleId);
      expect(await orders.nextEpoch(saleId)).toEqual(ok(epoch(2)));
      expect(await orders.nextEpoch(saleId)).toEqual(ok(epoch(3)));
      expect(await orders.ledger(saleId)).toMatchObject({ minEpoch: 1 });
      expect((await orders.fence(saleId, epoch(3))).ok).toBe(true);
      expect(await orders.fence(saleId, epoch(2))).toEqual({ ok: false, error: "stale-epoch" });
      expect(await orders.nextEpoch(saleId)).toEqual(ok(epoch(4)));
    });

    test("gives no epoch to a controller that another one has followed", async () => {
      await createSale(9);
      await orders.firstEpoch(saleId);
      const later = lockToken(2 ** 52);
      const earlier = lockToken(2 ** 52 - 1);
      expect(await orders.nextEpoch(saleId, earlier)).toEqual(ok(epoch(2)));
      expect(await orders.nextEpoch(saleId, later)).toEqual(ok(epoch(3)));
      expect(await orders.nextEpoch(saleId, earlier)).toEqual({ ok: false, error: "stale-token" });
      expect(await orders.nextEpoch(saleId)).toEqual(ok(epoch(4)));
      expect(await orders.nextEpoch(saleId, later)).toEqual(ok(epoch(5)));
    });

    test("switches how a sale is sold, unless a higher epoch was given", async () => {
      await createSale(9);
      await orders.firstEpoch(saleId);
      const modeOf = async () => (await harness.sales.byId(saleId))?.mode;
      expect(await orders.switchTo(saleId, epoch(1), "switching")).toEqual(ok("stock"));
      expect(await orders.switchTo(saleId, epoch(1), "ledger")).toEqual(ok("switching"));
      await orders.nextEpoch(saleId);
      const stale = { ok: false as const, error: "stale-epoch" as const };
      expect(await orders.switchTo(saleId, epoch(1), "stock")).toEqual(stale);
      expect(await modeOf()).toBe("ledger");
      expect(await orders.switchTo(saleId, epoch(2), "stock")).toEqual(ok("ledger"));
      expect(await modeOf()).toBe("stock");
    });

    test("tells who holds what, of older epochs and of orders that live", async () => {
      await createSale(9, 9);
      const placed = [1, 2, 3].map((n) =>
        reservation({ sequence: n, buyer: `b${n}`, key: `${n}`, epoch: n, quantity: n }),
      );
      const refused = reservation({ sequence: 4, buyer: "c", key: "4", quantity: 9 });
      await orders.place([...placed, refused], now);
      const held = (await Array.fromAsync(orders.held(saleId, epoch(3)))).flat();
      expect(held).toHaveLength(2);
      const { orderId, buyerId, requestKey, quantity, fingerprint } = placed[1] ?? refused;
      expect(held).toContainEqual({ orderId, buyerId, requestKey, quantity, fingerprint });
    });

    test("places the same orders once when they are delivered twice at a time", async () => {
      await createSale(50, 9);
      const batch = Array.from({ length: 60 }, (_, n) =>
        reservation({ sequence: n, buyer: `b${n % 20}`, key: `${n}` }),
      );
      const [one, two] = await Promise.all([
        orders.place(batch.slice(0, 40), now),
        orders.place(batch.slice(20).reverse(), now),
      ]);
      const decided = [...one, ...two].filter((result) => result.kind !== "duplicate");
      expect(decided).toHaveLength(60);
      expect(await audit()).toMatchObject({ sold: 50, placed: 50, orders: 50, refused: 10 });
    });

    test("refuses by hand what cannot be placed, unless it was decided before", async () => {
      await createSale(9, 9);
      const order = reservation({ sequence: 1, key: "1" });
      expect(await orders.refuse(order, "poison", now)).toMatchObject({ kind: "refused" });
      expect(await kinds(order)).toEqual(["poison"]);
      const placed = reservation({ sequence: 2, key: "2" });
      await orders.place([placed], now);
      const result = await orders.refuse(placed, "poison", now);
      expect(result).toMatchObject({ kind: "duplicate", status: "placed" });
    });

    test("restocks once per key and says so", async () => {
      await createSale(1);
      const first = await orders.restock(saleId, units(4), "k");
      expect(first).toMatchObject({ ok: true, value: { total: 5, repeated: false } });
      const again = await orders.restock(saleId, units(4), "k");
      expect(again).toMatchObject({ ok: true, value: { total: 5, repeated: true } });
      expect(await orders.restock(saleId, units(5), "k")).toEqual({
        ok: false,
        error: "key-reused",
      });
      expect(await audit()).toMatchObject({ stock: 5 });
    });

    test("refuses a restock past the largest stock", async () => {
      await createSale(1);
      const huge = 100_000_000 as Units;
      expect(await orders.restock(saleId, huge, "k")).toEqual({ ok: false, error: "over-limit" });
    });

    test("lists a buyer's orders and a sale's, newest first, in pages", async () => {
      await createSale(9, 9);
      const mine = [1, 2, 3].map((n) =>
        reservation({ sequence: n, buyer: "me", key: `${n}`, at: n }),
      );
      const other = reservation({ sequence: 9, buyer: "you", key: "9", at: 9 });
      await orders.place([...mine, other], now);
      const buyerId = "me" as BuyerId;
      const first = await orders.list({ saleId, buyerId, limit: 2, cursor: null });
      expect(first.items.map((order) => order.requestKey as string)).toEqual(["3", "2"]);
      const rest = await orders.list({ saleId, buyerId, limit: 2, cursor: first.nextCursor });
      expect(rest.items.map((order) => order.requestKey as string)).toEqual(["1"]);
      expect(rest.nextCursor).toBeNull();
      const all = await orders.list({ saleId, buyerId: null, limit: 9, cursor: null });
      expect(all.items.map((order) => order.requestKey as string)).toEqual(["9", "3", "2", "1"]);
    });

    test("shows a buyer the orders that were refused, too", async () => {
      await createSale(0);
      await orders.place([reservation({ sequence: 1, buyer: "me" })], now);
      const page = await orders.list({ saleId, buyerId: "me" as BuyerId, limit: 9, cursor: null });
      expect(page.items).toMatchObject([{ status: "refused", reason: "no-room" }]);
    });

    test("tells an audit which of the asked-for orders it knows", async () => {
      await createSale(9, 9);
      const known = reservation({ sequence: 1, key: "1" });
      await orders.place([known], now);
      const counts = await orders.audit(saleId, [
        known.orderId,
        reservation({ sequence: 2 }).orderId,
      ]);
      expect(counts.known).toEqual([known.orderId]);
    });

    test("takes apart what differs in case, in a space or in an odd character", async () => {
      await createSale(90, 20);
      const keys = [
        "k",
        "K",
        "k ",
        " k",
        "it's",
        'say "x"',
        "back\\slash",
        "50%?",
        "??",
        ":a -- b",
      ];
      const batch = ["a", "A", "o'b\\?"].flatMap((buyer, b) =>
        keys.map((key, n) => reservation({ sequence: b * 100 + n, buyer, key })),
      );
      expect(new Set(await kinds(...batch))).toEqual(new Set(["placed"]));
      expect(await audit()).toMatchObject({ orders: 30, duplicates: 0 });
      const stored = await orders.byId(batch.map((order) => order.orderId));
      expect(stored.map((order) => [order.buyerId, order.requestKey])).toEqual(
        batch.map((order) => [order.buyerId, order.requestKey]),
      );
      for (const key of keys) await orders.restock(saleId, units(1), key);
      expect(await audit()).toMatchObject({ stock: 100 });
    });

    test("decides a batch over several sales, of which one is unknown", async () => {
      await createSale(1, 9);
      await createSale(2, 1);
      const of = (sale: number, sequence: number, buyer: string) =>
        reservation({ sale, sequence, buyer, key: `${sequence}` });
      const batch = [of(2, 1, "a"), of(1, 2, "a"), of(3, 3, "a"), of(2, 4, "a"), of(1, 5, "b")];
      const refusals = ["poison", "buyer-limit", "no-room"] as const;
      expect(await kinds(...batch)).toEqual(["placed", "placed", ...refusals]);
      expect(await kinds(...batch)).toEqual(["duplicate", "duplicate", ...refusals]);
      expect(await audit()).toMatchObject({ sold: 1, orders: 1, refused: 1 });
      expect(await orders.audit(saleIdOf(2), [])).toMatchObject({ sold: 1, refused: 1 });
    });

    test("reads orders in the order asked for, for many readers at a time", async () => {
      await createSale(90, 9);
      const batch = Array.from({ length: 40 }, (_, n) =>
        reservation({ sequence: n, buyer: `b${n}`, key: `${n}` }),
      );
      await orders.place(batch, now);
      const unknown = reservation({ sequence: 99 }).orderId;
      const ids = batch.map((order) => order.orderId).reverse();
      const reads = await Promise.all(ids.map((id) => orders.byId([unknown, id])));
      expect(reads.flat().map((order) => order.orderId)).toEqual(ids);
      expect((await orders.byId(ids)).map((order) => order.orderId)).toEqual(ids);
    });

    test("gives a page, not a fault, for a cursor that it never gave", async () => {
      await createSale(9, 9);
      await orders.place([reservation({ sequence: 1, buyer: "a" })], now);
      for (const buyerId of [null, "a" as BuyerId]) {
        const page = await orders.list({ saleId, buyerId, limit: 9, cursor: "nonsense" });
        expect(page.nextCursor).toBeNull();
      }
    });
  });
}
