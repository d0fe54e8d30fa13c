/** The small foundations: natural batching and the filter that never says no wrongly. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { assert, present, unreachable } from "../../src/lib/assert.ts";
import { bloomFilter } from "../../src/lib/bloom-filter.ts";
import { inParallel } from "../../src/lib/in-parallel.ts";
import { microBatch } from "../../src/lib/micro-batch.ts";

function doubling(batches: number[][], over: { batchMax?: number; queueMax?: number } = {}) {
  const gates: (() => void)[] = [];
  const batch = microBatch<number, number>({
    batchMax: 10,
    queueMax: 10,
    ...over,
    run: async (items) => {
      batches.push([...items]);
      await new Promise<void>((open) => gates.push(open));
      return items.map((item) => item * 2);
    },
  });
  return { batch, open: () => gates.shift()?.() };
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe("a micro-batch", () => {
  test("makes one batch of a burst, and the next of what arrives meanwhile", async () => {
    const batches: number[][] = [];
    const { batch, open } = doubling(batches);
    const first = [batch.push(1), batch.push(2)];
    await turn();
    const second = [batch.push(3), batch.push(4), batch.push(5)];
    await turn();
    expect(batches).toEqual([[1, 2]]);
    expect(batch.size()).toBe(5);
    open();
    await turn();
    open();
    const answers = await Promise.all([...first, ...second]);
    expect(answers.map((answer) => answer.ok && answer.value)).toEqual([2, 4, 6, 8, 10]);
    expect(batches).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  test("never runs more than batchMax at once", async () => {
    const batches: number[][] = [];
    const { batch, open } = doubling(batches, { batchMax: 2 });
    const answers = [1, 2, 3].map((item) => batch.push(item));
    for (let n = 0; n < 4; n += 1) {
      await turn();
      open();
    }
    await Promise.all(answers);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  test("refuses at once what its queue has no room for", async () => {
    const { batch, open } = doubling([], { queueMax: 2 });
    const waiting = [batch.push(1), batch.push(2)];
    expect(await batch.push(3)).toEqual({ ok: false, error: "overloaded" });
    await turn();
    open();
    await Promise.all(waiting);
    expect(batch.size()).toBe(0);
  });

  test("fails the items of a batch that throws, and only those", async () => {
    let calls = 0;
    const batch = microBatch<number, number>({
      batchMax: 10,
      queueMax: 10,
      run: async (items) => {
        calls += 1;
        if (calls === 1) throw new Error("not this time");
        return items;
      },
    });
    await expect(batch.push(1)).rejects.toThrow("not this time");
    expect(await batch.push(2)).toEqual({ ok: true, value: 2 });
  });

  test("stops at a batch that does not answer every item", async () => {
    const batch = microBatch<number, number>({ batchMax: 9, queueMax: 9, run: async () => [] });
    await expect(batch.push(1)).rejects.toThrow("answer every item");
  });
});

describe("a Bloom filter", () => {
  test("has whatever was added", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (keys) => {
        const filter = bloomFilter(2 ** 12);
        for (const key of keys) filter.add(key);
        expect(keys.every((key) => filter.mayHave(key))).toBe(true);
      }),
    );
  });

  test("is seldom wrong about what was not added", () => {
    const filter = bloomFilter(2 ** 17);
    for (let n = 0; n < 10_000; n += 1) filter.add(`in ${n}`);
    let wrong = 0;
    for (let n = 0; n < 10_000; n += 1) if (filter.mayHave(`out ${n}`)) wrong += 1;
    expect(wrong).toBeLessThan(200);
  });

  test("needs a power of two", () => {
    expect(() => bloomFilter(1_000)).toThrow("power of two");
  });
});

describe("work in parallel", () => {
  test("has as much under way as it may, and keeps the order", async () => {
    let [underWay, most] = [0, 0];
    const doubled = await inParallel([1, 2, 3, 4, 5], 2, async (n) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await Bun.sleep(6 - n);
      underWay -= 1;
      return n * 2;
    });
    expect(doubled).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
  });

  test("has ended when it fails", async () => {
    const ended: number[] = [];
    const work = inParallel([1, 2, 3], 2, async (n) => {
      if (n === 1) throw new Error("no");
      await Bun.sleep(n);
      ended.push(n);
    });
    await expect(work).rejects.toThrow("no");
    expect(ended).toEqual([2, 3]);
  });
});

describe("an assertion", () => {
  test("throws what is wrong", () => {
    expect(() => assert(false, "this is wrong")).toThrow("this is wrong");
    expect(() => present(undefined, "nothing there")).toThrow("nothing there");
    expect(() => unreachable("x" as never)).toThrow("unreachable");
    expect(present(0, "there")).toBe(0);
  });
});
