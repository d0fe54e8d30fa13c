// A process's log of its locks, cut, changed and stuffed in every place: it opens with a state that
// was there before, or with nothing, and goes on.

import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type HeldRecord, openLockWal } from "../../src/adapters/etcd/lock-wal.ts";
import { fuzzTest, places } from "../support/fuzz.ts";
import { damages } from "../support/mutations.ts";
import { tempDir } from "../support/temp-dir.ts";

const record = (n: number): HeldRecord => ({
  lock: `sales/s${n}`,
  uuid: `uuid-${n}`,
  leaseId: "7587",
  key: `doorbuster/locks/sales/s${n}/~1da3-${n}`,
  token: n,
});

const path = tempDir();
const file = join(path, "locks.wal");
const { whole, states } = await written();
afterAll(() => writeFileSync(file, ""));

describe("a log of locks", () => {
  test("cut at any byte opens as it was, and loses no whole record", async () => {
    for (const length of places(whole.length + 1, 250)) {
      const opened = await reopened(whole.subarray(0, length));
      const wanted = states.findLast(({ bytes }) => bytes <= length);
      expect([length, opened]).toEqual([length, wanted?.held ?? []]);
    }
  });

  test("with zeros after it, as a power cut leaves them, opens as it was", async () => {
    for (const zeros of [1, 7, 8, 9, 16, 512, 4_096]) {
      const opened = await reopened(Buffer.concat([whole, Buffer.alloc(zeros)]));
      expect(opened).toEqual(states.at(-1)?.held ?? []);
    }
  });

  test("with any byte changed opens as it was before that record, or holds nothing", async () => {
    for (const at of places(whole.length, 250)) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const before = states.findLast(({ bytes }) => bytes <= at)?.held ?? [];
      const last = at >= (states.at(-2)?.bytes ?? 0);
      expect([at, await reopened(changed)]).toEqual([at, last ? before : []]);
    }
  });

  const grown = fc.record({ change: damages, from: fc.nat({ max: whole.length }) });
  fuzzTest(
    "with random changes opens as it was at some time",
    { runs: 250 },
    grown,
    async (what) => {
      const { change, from } = what;
      const changed = Buffer.concat([whole.subarray(0, from), change(whole.subarray(from))]);
      expect([[], ...states.map(({ held }) => held)]).toContainEqual([
        ...(await reopened(changed)),
      ]);
    },
  );
});

/** What it holds; afterwards it has taken one more, and given that back. */
async function reopened(content: Buffer): Promise<readonly HeldRecord[]> {
  writeFileSync(file, content);
  const wal = openLockWal(path);
  const held = wal.held();
  await wal.hold(record(99));
  wal.close();
  const again = openLockWal(path);
  expect(again.held()).toEqual([...held, record(99)]);
  expect(again.instance).toBe(wal.instance);
  again.close();
  return held;
}

/** A log, and what it held after each of its records. */
async function written() {
  const wal = openLockWal(path);
  const after: { bytes: number; held: readonly HeldRecord[] }[] = [];
  const note = () => void after.push({ bytes: statSync(file).size, held: wal.held() });
  note();
  for (const n of [1, 2, 3, 4, 5, 6]) {
    await wal.hold(record(n));
    note();
    if (n % 2 === 0) continue;
    wal.free(record(Math.max(1, n - 1)).key);
    note();
  }
  wal.close();
  return { whole: readFileSync(file), states: after };
}
