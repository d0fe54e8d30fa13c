// What is remembered of what was used lately.

import { expect, test } from "bun:test";
import { recent } from "../../src/lib/recent.ts";

test("an entry is remembered, and replaced by its next value", () => {
  const memory = recent<string, number>(10);
  memory.set("a", 1);
  memory.set("a", 2);
  expect([memory.get("a"), memory.get("b")]).toEqual([2, undefined]);
});

test("a new value for an entry that is there makes nothing be forgotten", () => {
  const memory = recent<number, string>(4);
  for (const n of [0, 1, 2, 3]) memory.set(n, "first");
  for (let n = 0; n < 9; n += 1) memory.set(3, "again");
  expect(memory.get(0)).toBe("first");
  expect(memory.get(3)).toBe("again");
});

test("there are never more entries than allowed, and the newest are among them", () => {
  const memory = recent<number, number>(10);
  for (let n = 0; n < 1_000; n += 1) {
    memory.set(n, n);
    expect(memory.size()).toBeLessThanOrEqual(10);
    expect(memory.get(n)).toBe(n);
  }
  expect(memory.get(0)).toBeUndefined();
});

test("an entry that is asked for again and again outlives the others", () => {
  const memory = recent<number, string>(10);
  memory.set(-1, "kept");
  for (let n = 0; n < 100; n += 1) {
    memory.set(n, "passing");
    expect(memory.get(-1)).toBe("kept");
  }
});
