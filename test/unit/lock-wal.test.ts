/** The log of the locks that a process holds, cut and damaged in every place. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HeldRecord, type LockWal, openLockWal } from "../../src/adapters/etcd/lock-wal.ts";
import { tempDir } from "../support/temp-dir.ts";

const record = (n: number): HeldRecord => ({
  lock: `sales/s${n}`,
  uuid: `uuid-${n}`,
  leaseId: "7587",
  key: `doorbuster/locks/sales/s${n}/~1da3-${n}`,
  token: n,
});

let path: string;
let wal: LockWal;
beforeEach(() => {
  path = tempDir();
  wal = openLockWal(path);
});
afterEach(() => wal.close());

const file = () => join(path, "locks.wal");

function damagedAt(place: number): Buffer {
  const damaged = readFileSync(file());
  damaged[place] = (damaged[place] ?? 0) ^ 1;
  return damaged;
}

function reopen(): LockWal {
  wal.close();
  wal = openLockWal(path);
  return wal;
}

describe("the log of locks", () => {
  test("knows after a restart what was held, and by what name the process goes", async () => {
    const { instance } = wal;
    for (const n of [1, 2, 3]) await wal.hold(record(n));
    wal.free(record(2).key);
    wal.free("never held");
    expect(reopen().held()).toEqual([record(1), record(3)]);
    expect(wal.instance).toBe(instance);
  });

  test("cut at any byte, holds whole records only, and goes on", async () => {
    for (const n of [1, 2]) await wal.hold(record(n));
    const whole = readFileSync(file());
    wal.close();
    let seen = 0;
    for (let length = 0; length <= whole.length; length += 1) {
      writeFileSync(file(), whole.subarray(0, length));
      wal = openLockWal(path);
      const held = wal.held();
      expect(held).toEqual([record(1), record(2)].slice(0, held.length));
      expect(held.length).toBeGreaterThanOrEqual(seen);
      seen = held.length;
      await wal.hold(record(9));
      expect(reopen().held()).toEqual([...held, record(9)]);
      wal.close();
    }
    expect(seen).toBe(2);
    wal = openLockWal(path);
  });

  test("damaged at its end, believes what stands before", async () => {
    await wal.hold(record(1));
    const good = statSync(file()).size;
    await wal.hold(record(2));
    writeFileSync(file(), damagedAt(good + 20));
    expect(reopen().held()).toEqual([record(1)]);
    expect(statSync(file()).size).toBe(good);
  });

  test("damaged before its end, holds nothing: a lock may have been given back there", async () => {
    await wal.hold(record(1));
    const good = statSync(file()).size;
    wal.free(record(1).key);
    await wal.hold(record(2));
    const { instance } = wal;
    writeFileSync(file(), damagedAt(good + 20));
    expect(reopen().held()).toEqual([]);
    await wal.hold(record(3));
    expect(reopen().held()).toEqual([record(3)]);
    expect(wal.instance).toBe(instance);
  });

  test("with zeros at its end, as a power cut leaves them, opens as it was", async () => {
    await wal.hold(record(1));
    appendFileSync(file(), Buffer.alloc(64));
    expect(reopen().held()).toEqual([record(1)]);
  });

  test("stays small however often locks come and go", async () => {
    await wal.hold(record(0));
    for (let n = 1; n <= 3_000; n += 1) {
      await wal.hold(record(n));
      wal.free(record(n).key);
    }
    expect(statSync(file()).size).toBeLessThan(300_000);
    const { instance } = wal;
    expect(reopen().held()).toEqual([record(0)]);
    expect(wal.instance).toBe(instance);
  });

  test("belongs to one process", () => {
    expect(() => openLockWal(path)).toThrow(`belongs to another process (${process.pid})`);
  });

  test("takes nothing after it was closed", async () => {
    await wal.hold(record(1));
    wal.close();
    wal.close();
    wal.free(record(1).key);
    await expect(wal.hold(record(2))).rejects.toThrow("closed");
    wal = openLockWal(path);
    expect(wal.held()).toEqual([record(1)]);
  });
});
