/** What every ledger that serves as stock promises besides what all strategies do. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Epoch, instant, type OrderId, routeOf, units } from "../../src/domain/ids.ts";
import type { Reservation, ReserveOutcome, ReserveRequest } from "../../src/domain/reservation.ts";
import type { Sale, SaleTerms } from "../../src/domain/sale.ts";
import { present } from "../../src/lib/assert.ts";
import type { OrderRepository } from "../../src/ports/order-repository.ts";
import type { SaleRepository } from "../../src/ports/sale-repository.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { request, reservation, terms } from "../support/builders.ts";

export interface LedgerStockHarness {
  readonly stock: StockStore;
  readonly sales: SaleRepository;
  readonly orders: OrderRepository;
  close(): Promise<void>;
}

const now = instant(9_000);

export function ledgerStockContract(name: string, open: () => Promise<LedgerStockHarness>): void {
  describe(`a ledger that serves as stock (${name})`, () => {
    let harness: LedgerStockHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    const openSale = (over: Partial<SaleTerms>) => openIn(harness, over);
    const reserve = ({ id }: Sale, ...requests: ReserveRequest[]) =>
      outcomesOf(harness.stock, id, requests);
    const unavailable = async ({ id }: Sale) => {
      const answer = await harness.stock.reserve(id, 0, [request({})]);
      return answer.ok ? "" : answer.error.code;
    };
    const ledger = async ({ id }: Sale) => await harness.orders.ledger(id);

    test("sells nothing before the sale's first epoch", async () => {
      const sale = await harness.sales.create(terms({ strategy: "database" }), now);
      expect(await unavailable(sale)).toBe("stock-unavailable");
      expect(await harness.stock.level(sale.id)).toBeNull();
      expect(await harness.stock.buckets(sale.id)).toBeNull();
    });

    test("has no level while the sale is sold from its stock", async () => {
      const sale = await harness.sales.create(terms({ fallback: "database" }), now);
      await harness.orders.firstEpoch(sale.id);
      expect(await harness.stock.level(sale.id)).toBeNull();
      expect(await harness.stock.buckets(sale.id)).toBeNull();
    });

    test("has placed what it has sold, under the sale's epoch", async () => {
      const sale = await openSale({ stock: units(5), perBuyerLimit: units(2) });
      const [one, two] = await reserve(sale, request({ quantity: 2 }), request({ buyer: "b" }));
      const ids = [orderOf(one).orderId, orderOf(two).orderId];
      expect(routeOf(ids[0] as OrderId)).toMatchObject({ saleId: sale.id, bucket: 0, epoch: 1 });
      const placed = await harness.orders.byId(ids);
      expect(placed.map(({ status, quantity }) => [status, quantity])).toEqual([
        ["placed", units(2)],
        ["placed", units(1)],
      ]);
      expect(await ledger(sale)).toMatchObject({ total: 5, sold: 3 });
      expect(await harness.stock.level(sale.id)).toMatchObject({ remaining: 2, epoch: 1 });
    });

    test("knows the orders that the log brings", async () => {
      const sale = await openSale({});
      const orders = (await reserve(sale, request({}), request({ buyer: "b" }))).map(orderOf);
      const results = await harness.orders.place(orders, now);
      expect(results.map(({ kind, status }) => [kind, status])).toEqual([
        ["duplicate", "placed"],
        ["duplicate", "placed"],
      ]);
      expect(await ledger(sale)).toMatchObject({ sold: 2 });
    });

    test("counts what a buyer got from the stock, and not what was refused to him", async () => {
      const sale = await openSale({ perBuyerLimit: units(2) });
      const earlier = reservation({ key: "stock", epoch: 1 });
      const refused = reservation({ key: "late", epoch: 0, sequence: 1 });
      const placed = await harness.orders.place([earlier, refused], now);
      expect(placed.map(({ status }) => status)).toEqual(["placed", "refused"]);
      const keys = ["stock", "late", "third"];
      const outcomes = await reserve(sale, ...keys.map((key) => request({ key })));
      expect(outcomes.map(({ kind }) => kind)).toEqual(["same", "reserved", "buyer-limit-reached"]);
      expect(outcomes[0]).toMatchObject({ orderId: earlier.orderId, pending: false });
    });

    test("gives each order an id of its own, however many sell at a time", async () => {
      const sale = await openSale({ stock: units(600) });
      const batches = Array.from({ length: 30 }, (_, batch) =>
        Array.from({ length: 25 }, (_, n) => request({ buyer: `b${batch}-${n}` })),
      );
      const all = (await Promise.all(batches.map((batch) => reserve(sale, ...batch)))).flat();
      const sold = all.flatMap((one) => (one.kind === "reserved" ? [one.order.orderId] : []));
      expect(new Set(sold).size).toBe(600);
      expect(await ledger(sale)).toMatchObject({ sold: 600 });
      expect(await harness.orders.byId(sold)).toHaveLength(600);
    });

    test("sells what was restocked at once", async () => {
      const sale = await openSale({ stock: units(1) });
      await reserve(sale, request({}));
      expect(await reserve(sale, request({ buyer: "b" }))).toEqual([{ kind: "sold-out" }]);
      await harness.orders.restock(sale.id, units(1), "more");
      expect((await reserve(sale, request({ buyer: "b" })))[0]?.kind).toBe("reserved");
    });

    test("sells a sale with a fallback in no other mode", async () => {
      const sale = await openSale({ strategy: "atomic", fallback: "database" });
      expect(await unavailable(sale)).toBe("stock-unavailable");
      const at = await nextEpoch(harness.orders, sale);
      const { switchTo } = harness.orders;
      expect(await switchTo(sale.id, at, "switching")).toEqual({ ok: true, value: "stock" });
      expect(await unavailable(sale)).toBe("stock-unavailable");
      expect(await switchTo(sale.id, at, "ledger")).toEqual({ ok: true, value: "switching" });
      expect((await reserve(sale, request({})))[0]?.kind).toBe("reserved");
      expect((await harness.sales.byId(sale.id))?.mode).toBe("ledger");
    });

    test("has stopped when it was told to, whoever was selling", async () => {
      const sale = await openSale({ strategy: "atomic", fallback: "database", stock: units(999) });
      const at = await nextEpoch(harness.orders, sale);
      await harness.orders.switchTo(sale.id, at, "ledger");
      const selling = Array.from({ length: 40 }, (_, n) =>
        harness.stock.reserve(sale.id, 0, [request({ buyer: `b${n}` })]),
      );
      await selling[0];
      await harness.orders.switchTo(sale.id, await nextEpoch(harness.orders, sale), "switching");
      const stopped = await ledger(sale);
      const taken = (await Promise.all(selling)).filter((answer) => answer.ok);
      expect(await ledger(sale)).toEqual(stopped);
      expect(taken.length).toBe(present(stopped, "a ledger").sold);
    });
  });
}

async function openIn(
  { sales, orders }: LedgerStockHarness,
  over: Partial<SaleTerms>,
): Promise<Sale> {
  const created = await sales.create(terms({ strategy: "database", ...over }), now);
  await orders.firstEpoch(created.id);
  const opened = await sales.update({ ...created, state: "open", version: 2 });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

async function outcomesOf(
  stock: StockStore,
  id: Sale["id"],
  requests: readonly ReserveRequest[],
): Promise<readonly ReserveOutcome[]> {
  const answer = await stock.reserve(id, 0, requests);
  if (!answer.ok) throw new Error(answer.error.detail);
  return answer.value.outcomes;
}

function orderOf(outcome: ReserveOutcome | undefined): Reservation {
  if (outcome?.kind !== "reserved") throw new Error(`not reserved: ${outcome?.kind}`);
  expect(outcome.placed).toBe(true);
  return outcome.order;
}

async function nextEpoch(orders: OrderRepository, { id }: Sale): Promise<Epoch> {
  const given = await orders.nextEpoch(id);
  if (!given.ok) throw new Error(given.error);
  return given.value;
}
