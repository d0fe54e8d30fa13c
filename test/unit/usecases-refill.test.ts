/** Moving units between the buckets of a sale: nothing is lost, nothing doubled, and sold out is
 *  said only when it is true. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { saleIdOf, units } from "../../src/domain/ids.ts";
import { finishTransfers, refill } from "../../src/usecases/refill-bucket.ts";
import { bucketModel } from "../support/bucket-model.ts";

const saleId = saleIdOf(1);

describe("refilling a bucket", () => {
  test("brings units from the richest of the others", async () => {
    const model = bucketModel([0, 2, 10]);
    expect(await refill({ stock: model.store }, saleId, 0, units(1))).toBe("refilled");
    expect(model.remaining()).toEqual([5, 2, 5]);
  });

  test("collects from several buckets what no single one has", async () => {
    const model = bucketModel([1, 1, 1, 1]);
    expect(await refill({ stock: model.store }, saleId, 2, units(4))).toBe("refilled");
    expect(model.remaining()).toEqual([0, 0, 4, 0]);
  });

  test("says sold out when all of them together have too little", async () => {
    const model = bucketModel([0, 1, 1]);
    expect(await refill({ stock: model.store }, saleId, 0, units(3))).toBe("sold-out");
    expect(model.total()).toBe(2);
  });

  test("says so when some bucket is not loaded", async () => {
    const stock = { ...bucketModel([0]).store, buckets: async () => null };
    expect(await refill({ stock }, saleId, 0, units(1))).toBe("not-loaded");
  });

  test("says sold out of a store that has one bucket whatever the sale asked for", async () => {
    expect(await refill({ stock: bucketModel([0]).store }, saleId, 3, units(1))).toBe("sold-out");
  });

  test("finishes a transfer left behind, before it calls a sale sold out", async () => {
    const model = bucketModel([0, 3]);
    await model.store.send(saleId, 1, 0, units(3));
    expect(model.remaining()).toEqual([0, 0]);
    expect(await refill({ stock: model.store }, saleId, 0, units(3))).toBe("refilled");
    expect(model.remaining()).toEqual([3, 0]);
  });

  test("credits a transfer once, however often and late it is finished", async () => {
    const model = bucketModel([0, 3]);
    const sent = await model.store.send(saleId, 1, 0, units(2));
    if (sent === null) throw new Error("nothing was sent");
    expect(await finishTransfers({ stock: model.store }, saleId)).toEqual([sent]);
    await model.store.send(saleId, 1, 0, units(1));
    await model.store.receive(saleId, sent);
    expect(model.total()).toBe(3);
    expect(await finishTransfers({ stock: model.store }, saleId)).toHaveLength(1);
    expect(await finishTransfers({ stock: model.store }, saleId)).toEqual([]);
    expect(model.remaining()).toEqual([3, 0]);
  });

  test("gives up as contended when the buckets never hold still", async () => {
    const model = bucketModel([0, 1]);
    let changes = 0;
    const buckets: typeof model.store.buckets = async (id) => {
      const levels = (await model.store.buckets(id)) ?? [];
      changes += 1;
      return levels.map((level) => ({ ...level, remaining: units(0), changes }));
    };
    const stock = { ...model.store, buckets };
    expect(await refill({ stock }, saleId, 0, units(1))).toBe("contended");
  });
});

describe("many that buy from their own buckets at once", () => {
  test("sell every unit and no more, also when steps get lost", async () => {
    const stock = fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 5 });
    const property = fc.asyncProperty(stock, fc.nat(), async (levels, seed) => {
      const model = bucketModel(levels);
      const total = model.total();
      const random = lcg(seed);
      const receive: typeof model.store.receive = async (id, transfer) => {
        if (random() < 0.3) return;
        await model.store.receive(id, transfer);
      };
      const deps = { stock: { ...model.store, receive } };
      const sold = await Promise.all(
        levels.map((_, bucket) => buyUntilSoldOut(deps, model, bucket, total)),
      );
      const sum = sold.reduce((a, b) => a + b, 0);
      expect(sum + model.total()).toBe(total);
      expect(model.total()).toBe(0);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

/** Buys single units in one bucket until it is told that the sale is sold out. */
async function buyUntilSoldOut(
  deps: Parameters<typeof refill>[0],
  model: ReturnType<typeof bucketModel>,
  bucket: number,
  most: number,
): Promise<number> {
  let sold = 0;
  while (sold <= most) {
    if (model.take(bucket, 1)) {
      sold += 1;
      continue;
    }
    if ((await refill(deps, saleId, bucket, units(1))) === "sold-out") return sold;
  }
  return sold;
}

function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
