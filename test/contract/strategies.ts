/** What every strategy promises: the same requests get the same outcomes, whichever way units are
 *  taken and however many processes take them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type OrderId, units } from "../../src/domain/ids.ts";
import type { ReserveOutcome, ReserveRequest } from "../../src/domain/reservation.ts";
import { settingsOf } from "../../src/domain/reservation.ts";
import type { Sale, SaleTerms, Strategy } from "../../src/domain/sale.ts";
import type { StockLevel } from "../../src/ports/stock-store.ts";
import type { PurchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { request } from "../support/builders.ts";
import { stockModel } from "../support/stock-model.ts";

export interface StrategyHarness {
  /** A sale of these terms that is open and can be sold. */
  openSale(terms: Partial<SaleTerms>): Promise<Sale>;
  /** What another process sells with. */
  process(): PurchaseBatches;
  pause(sale: Sale): Promise<void>;
  level(sale: Sale): Promise<StockLevel | null>;
  close(): Promise<void>;
}

const asked = fc
  .record({
    buyer: fc.integer({ min: 0, max: 30 }).map((n) => `buyer-${n}`),
    key: fc.integer({ min: 0, max: 4 }).map((n) => `key ${n}`),
    quantity: fc.integer({ min: 1, max: 3 }),
    fingerprint: fc.constantFrom("q1", "q1", "q1", "q2"),
  })
  .map(request);
const runs = 15;

export function strategyContract(
  name: string,
  strategy: Strategy,
  open: () => Promise<StrategyHarness>,
): void {
  describe(`a sale of the strategy ${strategy} (${name})`, () => {
    let harness: StrategyHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    /** What is sold from the ledger is never pending. */
    const pending = strategy !== "database";
    const openSale = (stock: number, over: Partial<SaleTerms> = {}) =>
      harness.openSale({ stock: units(stock), strategy, ...over });

    test("decides like the domain, in the order in which requests came", async () => {
      const batches = harness.process();
      const all = fc.array(asked, { minLength: 1, maxLength: 400, size: "max" });
      const run = fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        all,
        async (stock, requests) => {
          const sale = await openSale(stock, { perBuyerLimit: units(4) });
          const model = stockModel(sale.id, stock, settingsOf(sale));
          const outcomes = await outcomesOf(batches, sale, requests);
          expect(inWords(requests, outcomes)).toEqual(inWords(requests, model.reserve(requests)));
          expect((await harness.level(sale))?.remaining).toBe(model.level().remaining);
        },
      );
      await fc.assert(run, { numRuns: runs });
    }, 60_000);

    test("sells every unit once to many processes, from several buckets", async () => {
      const sale = await openSale(50, { buckets: 5 });
      const processes = [harness.process(), harness.process(), harness.process()];
      const shares = processes.map((batches, place) => {
        const buyers = Array.from({ length: 60 }, (_, n) => request({ buyer: `b${place}-${n}` }));
        return outcomesOf(batches, sale, buyers);
      });
      const outcomes = (await Promise.all(shares)).flat();
      const reserved = outcomes.filter(({ kind }) => kind === "reserved");
      expect(reserved.length).toBe(50);
      expect(outcomes.filter(({ kind }) => kind === "sold-out").length).toBe(130);
      expect(await harness.level(sale)).toMatchObject({
        remaining: 0,
        pendingOrders: pending ? 50 : 0,
      });
    }, 30_000);

    test("finds a key's order in another process, also when the sale is paused", async () => {
      const sale = await openSale(5);
      const [first] = await outcomesOf(harness.process(), sale, [request({})]);
      await harness.pause(sale);
      const again = [request({}), request({ fingerprint: "q2" }), request({ buyer: "late" })];
      const outcomes = await outcomesOf(harness.process(), sale, again);
      expect(outcomes).toEqual([
        { kind: "same", orderId: orderIdOf(first) as OrderId, pending },
        { kind: "key-reused" },
        { kind: "sale-paused" },
      ]);
    });

    test("keeps a buyer to the limit, whichever processes he asks", async () => {
      const sale = await openSale(50, { perBuyerLimit: units(3), buckets: 2 });
      const processes = [harness.process(), harness.process()];
      const tries = processes.map((batches, place) => {
        const keys = Array.from({ length: 10 }, (_, n) => request({ key: `${place}-${n}` }));
        return outcomesOf(batches, sale, keys);
      });
      const kinds = (await Promise.all(tries)).flat().map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "reserved").length).toBe(3);
      expect(kinds.filter((kind) => kind === "buyer-limit-reached").length).toBe(17);
    });
  });
}

async function outcomesOf(
  batches: PurchaseBatches,
  sale: Sale,
  requests: readonly ReserveRequest[],
): Promise<ReserveOutcome[]> {
  const decisions = await Promise.all(requests.map((one) => batches.reserve(sale, one)));
  return decisions.map((decision) => {
    if (!decision.ok) throw new Error(JSON.stringify(decision.error));
    return decision.value;
  });
}

/** Outcomes without the ids, which differ: an order is named by the request that made it. */
function inWords(
  requests: readonly ReserveRequest[],
  outcomes: readonly ReserveOutcome[],
): string[] {
  const madeBy = new Map<OrderId, number>();
  return outcomes.map((outcome, at) => {
    const id = orderIdOf(outcome);
    if (outcome.kind === "reserved") madeBy.set(outcome.order.orderId, at);
    const { buyerId, requestKey, quantity } = requests[at] as ReserveRequest;
    const which = id === undefined ? "" : ` ${madeBy.get(id)}`;
    return `${buyerId} ${requestKey} ${quantity}: ${outcome.kind}${which}`;
  });
}

function orderIdOf(outcome: ReserveOutcome | undefined): OrderId | undefined {
  if (outcome?.kind === "reserved") return outcome.order.orderId;
  return outcome?.kind === "same" ? outcome.orderId : undefined;
}
