/** The order index when a write fails in the moment that a merge begins. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type DataDirectory,
  openDataDirectory,
} from "../../src/adapters/embedded/data-directory.ts";
import { mergeAfter, orderIndex } from "../../src/adapters/embedded/order-index.ts";
import { embeddedOrderRepository } from "../../src/adapters/embedded/order-repository.ts";
import { embeddedSaleRepository } from "../../src/adapters/embedded/sale-repository.ts";
import { type BuyerId, instant, saleIdOf, units } from "../../src/domain/ids.ts";
import { reservation, terms } from "../support/builders.ts";
import { tempDir } from "../support/temp-dir.ts";

const batch = 500;
const saleId = saleIdOf(1);
let path: string;
let directory: DataDirectory;
beforeEach(async () => {
  path = tempDir();
  directory = openDataDirectory(path);
  const open = terms({ stock: units(100_000), perBuyerLimit: units(10) });
  await embeddedSaleRepository(directory.database).create(open, instant(0));
});
afterEach(() => directory.close());

describe("a merge that begins in a write that fails", () => {
  test.each([
    ["new buyers", (n: number) => `b${n}`],
    ["buyers who have orders already", (n: number) => `b${n % (mergeAfter - batch)}`],
  ])(
    "forgets no order of %s, now or after a restart",
    async (_, buyerOf) => {
      const { index, place } = opened(buyerOf);
      const first = mergeAfter - batch;
      for (let at = 0; at < first - batch; at += batch) await place(at);
      const before = pages();
      await place(first - batch);
      await withFewPages(pages() - before + 3, () => expect(place(first)).rejects.toThrow("full"));
      const total = 2 * mergeAfter;
      for (let at = first; at < total; at += batch) await place(at);
      expect(unknown(index, total, buyerOf)).toBe(0);
      expect(merged()).toBeGreaterThan(0);
      await directory.close();
      directory = openDataDirectory(path);
      expect(unknown(opened(buyerOf).index, total, buyerOf)).toBe(0);
    },
    30_000,
  );
});

type BuyerOf = (n: number) => string;

function opened(buyerOf: BuyerOf) {
  const index = orderIndex(directory.database);
  const orders = embeddedOrderRepository(directory.database, index);
  const orderOf = (n: number) => reservation({ sequence: n, buyer: buyerOf(n), key: `k${n}` });
  const place = (from: number) =>
    orders.place(
      Array.from({ length: batch }, (_, n) => orderOf(from + n)),
      instant(1),
    );
  return { index, place };
}

/** How many of the first orders their buyers are not known to have. */
function unknown(index: ReturnType<typeof orderIndex>, total: number, buyerOf: BuyerOf): number {
  let missing = 0;
  for (let n = 0; n < total; n += 1) {
    const orders = index.ofBuyer(saleId, buyerOf(n) as BuyerId);
    if (!orders.some((order) => order.requestKey === `k${n}`)) missing += 1;
  }
  return missing;
}

const pages = () =>
  directory.database.sql.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count ??
  0;

/** Leaves room for the rows of a batch, but not for the first piece of a merge. */
async function withFewPages(spare: number, run: () => unknown): Promise<void> {
  const { sql } = directory.database;
  sql.run(`PRAGMA max_page_count = ${pages() + spare}`);
  await run();
  sql.run("PRAGMA max_page_count = 1000000");
}

function merged(): number {
  const { sql } = directory.database;
  const state = sql.query<{ merged: number }, []>("SELECT merged FROM index_state").get();
  return state?.merged ?? 0;
}
