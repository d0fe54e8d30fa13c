/** What every sale repository promises, as one suite for all of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { instant, saleIdOf, units } from "../../src/domain/ids.ts";
import type { SaleTerms } from "../../src/domain/sale.ts";
import type { OrderRepository } from "../../src/ports/order-repository.ts";
import type { SaleRepository } from "../../src/ports/sale-repository.ts";
import { terms } from "../support/builders.ts";

export interface SaleRepositoryHarness {
  readonly sales: SaleRepository;
  readonly orders: Pick<OrderRepository, "firstEpoch" | "restock">;
  close(): Promise<void>;
}

const now = instant(1_000);

export function saleRepositoryContract(
  name: string,
  open: () => Promise<SaleRepositoryHarness>,
): void {
  describe(`a sale repository (${name})`, () => {
    let harness: SaleRepositoryHarness;
    let sales: SaleRepository;

    beforeEach(async () => {
      harness = await open();
      sales = harness.sales;
    });
    afterEach(() => harness.close());

    test("gives back what was created, scheduled and at version 1", async () => {
      const wanted = terms({ stock: units(7), startsAt: instant(5_000), endsAt: instant(9_000) });
      const created = await sales.create(wanted, now);
      expect(created).toMatchObject({ ...wanted, state: "scheduled", version: 1, createdAt: now });
      expect(await sales.byId(created.id)).toEqual(created);
    });

    test("knows no sale that was not created", async () => {
      expect(await sales.byId(saleIdOf(404))).toBeNull();
    });

    test("keeps every term of an update", async () => {
      const created = await sales.create(terms({}), now);
      const changed = {
        ...created,
        name: "other",
        price: { minorUnits: 5, currency: "EUR" },
        startsAt: instant(2),
        endsAt: instant(3),
        rateLimit: { perSecond: 5, burst: 6, adaptive: null },
        paymentWindowSeconds: 7,
        board: { score: "quantity" as const },
        state: "open" as const,
        version: 2,
      };
      expect(await sales.update(changed)).toEqual({ ok: true, value: changed });
      expect(await sales.byId(created.id)).toEqual(changed);
    });

    test("keeps how a rate follows the back end, changes it, and forgets it", async () => {
      const targets = { lagTargetMs: 200, reserveTargetMs: 50 };
      const rateLimit = { perSecond: 9, burst: 9, adaptive: { floorPerSecond: 3, ...targets } };
      const created = await sales.create(terms({ rateLimit }), now);
      expect((await sales.byId(created.id))?.rateLimit).toEqual(rateLimit);
      const other = { ...rateLimit, adaptive: { floorPerSecond: 4, ...targets } };
      await sales.update({ ...created, rateLimit: other, version: 2 });
      expect((await sales.list(1, null)).items[0]?.rateLimit).toEqual(other);
      const stale = { ...created, rateLimit, version: 2 };
      expect((await sales.update(stale)).ok).toBe(false);
      expect((await sales.byId(created.id))?.rateLimit).toEqual(other);
      const fixed = { ...rateLimit, adaptive: null };
      await sales.update({ ...created, rateLimit: fixed, version: 3 });
      expect((await sales.byId(created.id))?.rateLimit).toEqual(fixed);
    });

    test("lets only one of two updates of the same version through", async () => {
      const created = await sales.create(terms({}), now);
      const next = { ...created, version: 2 };
      const both = await Promise.all([sales.update(next), sales.update(next)]);
      expect(both.map((result) => result.ok).sort()).toEqual([false, true]);
    });

    test("lists newest first, in pages", async () => {
      for (let n = 0; n < 5; n += 1) await sales.create(terms({ name: `sale ${n}` }), now);
      const first = await sales.list(2, null);
      expect(first.items.map((sale) => sale.name)).toEqual(["sale 4", "sale 3"]);
      const second = await sales.list(2, first.nextCursor);
      expect(second.items.map((sale) => sale.name)).toEqual(["sale 2", "sale 1"]);
      const last = await sales.list(2, second.nextCursor);
      expect(last).toMatchObject({ items: [{ name: "sale 0" }], nextCursor: null });
    });

    test("finds the sales that time moves", async () => {
      const soon = await sales.create(terms({ startsAt: instant(2_000) }), now);
      await sales.create(terms({ startsAt: instant(9_000) }), now);
      const ending = await sales.create(terms({ endsAt: instant(1_500) }), now);
      const ended = await sales.create(terms({ endsAt: instant(1_500) }), now);
      await sales.update({ ...ended, state: "closed", version: 2 });
      const due = await sales.due(instant(2_000), instant(1_500));
      expect(due.map((sale) => sale.id).sort()).toEqual([soon.id, ending.id].sort());
    });

    test("keeps a name in any script", async () => {
      const { id } = await sales.create(terms({ name: "秒杀 ⚡ 'Été' 😀 \\ ?" }), now);
      expect((await sales.byId(id))?.name).toBe("秒杀 ⚡ 'Été' 😀 \\ ?");
    });

    test("counts restocks into a sale's stock", async () => {
      const { id } = await sales.create(terms({ stock: units(7) }), now);
      await harness.orders.restock(id, units(3), "more");
      expect((await sales.byId(id))?.stock).toBe(units(10));
    });

    test("knows the sales whose stock may have been loaded", async () => {
      const [fresh, open, closed] = [
        await sales.create(terms({}), now),
        await sales.create(terms({}), now),
        await sales.create(terms({}), now),
      ];
      await harness.orders.firstEpoch(open.id);
      await harness.orders.firstEpoch(closed.id);
      await sales.update({ ...closed, state: "closed", version: 2 });
      const loaded = async (closedAfter: number) =>
        (await sales.loaded(instant(closedAfter))).map((sale) => sale.id).sort();
      expect(await loaded(0)).toEqual([open.id, closed.id]);
      expect(await loaded(4_000_000_000_000)).toEqual([open.id]);
      expect(await loaded(0)).not.toContain(fresh.id);
      await sales.update({ ...fresh, state: "open", version: 2 });
      expect(await loaded(0)).toContain(fresh.id);
    });

    test("tells how sales with a fallback are sold, also just after they closed", async () => {
      const create = (over: Partial<SaleTerms>) => sales.create(terms(over), now);
      const [falls, always, closed, gone] = [
        await create({ fallback: "database" }),
        await create({ strategy: "database", fallback: "database" }),
        await create({ fallback: "database" }),
        await create({ strategy: "database" }),
      ];
      const plain = await create({});
      for (const one of [closed, gone]) await sales.update({ ...one, state: "closed", version: 2 });
      const modes = await sales.modes(60_000);
      expect(modes.size).toBe(3);
      expect([falls, always, closed].map(({ id }) => modes.get(id))).toEqual([
        "stock",
        "ledger",
        "stock",
      ]);
      expect((await sales.byId(falls.id))?.fallback).toBe("database");
      expect((await sales.byId(plain.id))?.fallback).toBeNull();
      // By the repository's clock, whose time moves on.
      while ((await sales.modes(0)).has(closed.id)) await sales.byId(closed.id);
      expect((await sales.modes(0)).size).toBe(2);
    });

    test("tells which sales were changed or restocked lately", async () => {
      const changedLately = async (withinMs: number) =>
        (await sales.changed(withinMs)).map((sale) => sale.id).sort();
      const [restocked, updated] = [
        await sales.create(terms({}), now),
        await sales.create(terms({}), now),
      ];
      await sales.create(terms({}), now);
      // By the repository's clock: until its time has moved on, all of them are new.
      while ((await changedLately(0)).length > 0) await sales.byId(updated.id);
      const before = Date.now();
      await harness.orders.restock(restocked.id, units(1), "more");
      await sales.update({ ...updated, version: 2 });
      const both = [restocked.id, updated.id];
      expect(await changedLately(Date.now() - before + 1)).toEqual(expect.arrayContaining(both));
      while ((await changedLately(0)).length > 0) await sales.byId(updated.id);
      expect(await changedLately(60_000)).toHaveLength(3);
    });

    test("gives an empty page, not a fault, for a cursor that it never gave", async () => {
      await sales.create(terms({}), now);
      expect(await sales.list(9, "nonsense")).toEqual({ items: [], nextCursor: null });
    });
  });
}
