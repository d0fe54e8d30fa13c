/** The scripts and the domain give the same outcomes for random commands. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { instant, saleIdOf, units } from "../../src/domain/ids.ts";
import type { StockSettings } from "../../src/domain/reservation.ts";
import { request, settings } from "../support/builders.ts";
import { redisStockHarness } from "../support/redis-stock.ts";
import { redisUrl } from "../support/services.ts";
import { loadStock } from "../support/stock.ts";
import { type StockModel, stockModel } from "../support/stock-model.ts";
import type { StockStoreHarness } from "./stock-store.ts";

const saleId = saleIdOf(1);
const commandsWanted = 100_000;
const runs = 150;
/** Every outcome that there is must have come up. */
const kinds = [
  "buyer-limit-reached",
  "key-reused",
  "pending-full",
  "reserved",
  "sale-ended",
  "sale-not-open",
  "sale-paused",
  "same",
  "sold-out",
];

/** Few buyers, keys and versions, so that they meet. */
const asked = fc
  .record({
    buyer: fc.integer({ min: 0, max: 40 }).map((n) => `buyer-${n}`),
    key: fc.integer({ min: 0, max: 5 }).map((n) => `key ${n}`),
    quantity: fc.integer({ min: 1, max: 4 }),
    fingerprint: fc.constantFrom("q1", "q1", "q1", "q2"),
  })
  .map(request);

/** Orders are named by their place among those that there are. */
const places = fc.array(fc.nat(500), { maxLength: 40 });

const terms: fc.Arbitrary<StockSettings> = fc
  .record({
    state: fc.constantFrom("scheduled", "open", "open", "open", "paused", "closed"),
    startsAt: fc.option(fc.integer({ min: 0, max: 60_000 }).map(instant)),
    endsAt: fc.option(fc.integer({ min: 30_000, max: 90_000 }).map(instant)),
    perBuyerLimit: fc.integer({ min: 1, max: 9 }).map(units),
    pendingMax: fc.constantFrom(1, 20, 1_000, 1_000),
    version: fc.integer({ min: 1, max: 8 }),
  } as const)
  .map(settings);

type Command =
  | { readonly kind: "reserve"; readonly requests: readonly ReturnType<typeof request>[] }
  | { readonly kind: "time"; readonly ms: number }
  | { readonly kind: "configure"; readonly settings: StockSettings }
  | { readonly kind: "settle"; readonly places: readonly number[] }
  | { readonly kind: "release"; readonly places: readonly number[]; readonly credit: boolean }
  | { readonly kind: "restock"; readonly added: number; readonly version: number };

const reserve = fc.record({
  kind: fc.constant("reserve" as const),
  requests: fc.array(asked, { minLength: 1, maxLength: 256, size: "max" }),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: reserve },
  fc.record({ kind: fc.constant("time" as const), ms: fc.integer({ min: 0, max: 100_000 }) }),
  fc.record({ kind: fc.constant("configure" as const), settings: terms }),
  fc.record({ kind: fc.constant("settle" as const), places }),
  fc.record({ kind: fc.constant("release" as const), places, credit: fc.boolean() }),
  fc.record({
    kind: fc.constant("restock" as const),
    added: fc.integer({ min: 1, max: 30 }),
    version: fc.integer({ min: 0, max: 6 }),
  }),
);

const connection = openRedis(redisUrl);
beforeAll(() => connection.ready(5_000));
afterAll(() => connection.close());

test("the scripts and the domain agree on a hundred thousand random commands", async () => {
  let commands = 0;
  const seen = new Set<string>();
  const run = fc.asyncProperty(
    fc.record({ total: fc.integer({ min: 0, max: 300 }), terms }),
    fc.array(command, { minLength: 1, maxLength: 40, size: "max" }),
    async (loaded, all) => {
      const harness = redisStockHarness(connection);
      const model = stockModel(saleId, loaded.total, loaded.terms);
      await loadStock(harness.stock, saleId, { total: loaded.total, settings: loaded.terms });
      for (const one of all) {
        commands += one.kind === "reserve" ? one.requests.length : 1;
        for (const kind of await runBoth(harness, model, one)) seen.add(kind);
        expect(await harness.stock.level(saleId)).toEqual(model.level());
      }
      await harness.close();
    },
  );
  await fc.assert(run, { numRuns: runs });
  expect(commands).toBeGreaterThanOrEqual(commandsWanted);
  expect([...seen].sort()).toEqual(kinds);
}, 120_000);

/** The kinds of outcomes that there were. */
async function runBoth(
  { stock, setTime }: StockStoreHarness,
  model: StockModel,
  one: Command,
): Promise<readonly string[]> {
  switch (one.kind) {
    case "reserve": {
      const answer = await stock.reserve(saleId, 0, one.requests);
      const outcomes = model.reserve(one.requests);
      expect(answer).toEqual({ ok: true, value: { outcomes, version: model.version() } });
      return outcomes.map((outcome) => outcome.kind);
    }
    case "time":
      setTime(one.ms);
      model.setTime(one.ms);
      return [];
    case "configure":
      await stock.configure(saleId, one.settings);
      model.configure(one.settings);
      return [];
    case "settle": {
      const orders = ordersAt(model, one.places);
      await stock.settle(orders);
      model.settle(orders);
      return [];
    }
    case "release": {
      const orders = ordersAt(model, one.places);
      await stock.release(orders, one.credit);
      model.release(orders, one.credit);
      return [];
    }
    case "restock":
      await stock.restock(saleId, units(one.added), one.version);
      model.restock(one.added, one.version);
      return [];
  }
}

function ordersAt(model: StockModel, wanted: readonly number[]) {
  const orders = model.orders();
  return wanted.flatMap((place) => orders[place] ?? []);
}
