// A process's log of its locks, cut, changed and stuffed in every place: it opens with a state that
// was there before, or with nothing, and goes on.

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type HeldRecord, openLockWal } from "../../src/adapters/etcd/lock-wal.ts";
import { fuzzTest, placesTest } from "../support/fuzz.ts";
import { damages } from "../support/mutations.ts";
import { tempDir } from "../support/temp-dir.ts";

const record = (n: number): HeldRecord => ({
  lock: `sales/s${n}`,
  uuid: `uuid-${n}`,
  leaseId: "7587",
  key: `doorbuster/locks/sales/s${n}/~1da3-${n}`,
  token: n,
});

const fileName = "locks.wal";
const place = tempDir();
const { whole, states } = await written();

describe("a log of locks", () => {
  const cuts = { count: whole.length + 1, most: 250 };
  placesTest("cut at any byte opens as it was, and loses no whole record", cuts, async (length) => {
    const wanted = states.findLast(({ bytes }) => bytes <= length);
    expect(await reopened(whole.subarray(0, length))).toEqual([...(wanted?.held ?? [])]);
  });

  test("with zeros after it, as a power cut leaves them, opens as it was", async () => {
    for (const zeros of [1, 7, 8, 9, 16, 512, 4_096]) {
      const opened = await reopened(Buffer.concat([whole, Buffer.alloc(zeros)]));
      expect(opened).toEqual(states.at(-1)?.held ?? []);
    }
  });

  const bytes = { count: whole.length, most: 250 };
  placesTest("with any byte changed opens as it was, or holds nothing", bytes, async (at) => {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    const before = states.findLast(({ bytes }) => bytes <= at)?.held ?? [];
    const inTheLast = at >= (states.at(-2)?.bytes ?? 0);
    expect(await reopened(changed)).toEqual(inTheLast ? [...before] : []);
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
  const path = mkdtempSync(join(place, "locks-"));
  writeFileSync(join(path, fileName), content);
  const wal = openLockWal(path);
  const held = wal.held();
  await wal.hold(record(99));
  wal.close();
  const again = openLockWal(path);
  expect(again.held()).toEqual([...held, record(99)]);
  expect(again.instance).toBe(wal.instance);
  again.close();
  rmSync(path, { recursive: true });
  return held;
}

/** A log, and what it held after each of its records. */
async function written() {
  const wal = openLockWal(place);
  const file = join(place, fileName);
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
