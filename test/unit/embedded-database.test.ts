/** Group commit and the data directory: who gets an answer, when, and who is kept out. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DataDirectory,
  DataDirectoryError,
  openDataDirectory,
} from "../../src/adapters/embedded/data-directory.ts";
import { orderIndex } from "../../src/adapters/embedded/order-index.ts";
import { embeddedOrderRepository } from "../../src/adapters/embedded/order-repository.ts";
import { embeddedSaleRepository } from "../../src/adapters/embedded/sale-repository.ts";
import { type BuyerId, instant, saleIdOf, units } from "../../src/domain/ids.ts";
import { reservation, terms } from "../support/builders.ts";
import { tempDir } from "../support/temp-dir.ts";

let path: string;
let directory: DataDirectory;
beforeEach(() => {
  path = tempDir();
  directory = openDataDirectory(path);
});
afterEach(() => directory.close());

const insert = (offset: number) => () =>
  directory.database.sql.run("INSERT INTO dead_letters VALUES (?, 'x', 'x', 0)", [offset]);
const stored = () =>
  directory.database.sql
    .query<{ log_offset: number }, []>("SELECT log_offset FROM dead_letters ORDER BY 1")
    .all()
    .map((row) => row.log_offset);

describe("writes that share a transaction", () => {
  test("are all there once they are answered", async () => {
    await Promise.all([1, 2, 3].map((offset) => directory.database.write(insert(offset))));
    expect(stored()).toEqual([1, 2, 3]);
  });

  test("a failure rolls back only the write that failed, in memory, too", async () => {
    let memory = "before";
    const { write } = directory.database;
    const failing = write((scope) => {
      insert(8)();
      memory = "after";
      scope.undo(() => {
        memory = "before";
      });
      insert(8)();
    });
    const outcomes = await Promise.allSettled([write(insert(1)), failing, write(insert(2))]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(stored()).toEqual([1, 2]);
    expect(memory).toBe("before");
  });

  test("the database rejects what a full disk did not take, says so, and heals", async () => {
    const { sql, write, failure } = directory.database;
    const big = () => {
      const text = "x".repeat(200_000);
      sql.run("INSERT INTO dead_letters VALUES (7, ?, 'x', 0)", [text]);
    };
    const pages = sql.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count;
    sql.run(`PRAGMA max_page_count = ${pages}`);
    const outcomes = await Promise.allSettled([write(insert(1)), write(big)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(stored()).toEqual([]);
    expect(failure()).toContain("full");
    sql.run("PRAGMA max_page_count = 1000000");
    await write(insert(1));
    expect(failure()).toBeNull();
  });
});

describe("a data directory", () => {
  test("refuses a second process, and lets the next one in", async () => {
    const open = "const { openDataDirectory } = await import(process.argv[1]);";
    const report = "console.log((() => { try { openDataDirectory(process.argv[2]); return 'in' }";
    const code = `${open} ${report} catch (e) { return e.code } })());`;
    const module = join(import.meta.dir, "../../src/adapters/embedded/data-directory.ts");
    const second = () => {
      const child = Bun.spawnSync([process.execPath, "-e", code, module, path]);
      return child.stdout.toString().trim();
    };
    expect(second()).toBe("data-dir-in-use");
    await directory.close();
    expect(second()).toBe("in");
    directory = openDataDirectory(path);
  });

  test("says what to do where there is none to be had", () => {
    const file = join(path, "file");
    writeFileSync(file, "");
    expect(() => openDataDirectory(file)).toThrow("it is not a directory");
    expect(() => openDataDirectory(join(file, "below"))).toThrow(DataDirectoryError);
    writeFileSync(join(path, "doorbuster.db-not"), "");
    chmodSync(file, 0o400);
  });

  test("of a newer version is left alone", async () => {
    const known = directory.database.sql.query<{ user_version: number }, []>("PRAGMA user_version");
    const version = known.get()?.user_version ?? 0;
    directory.database.sql.run("PRAGMA user_version = 99");
    await directory.close();
    expect(() => openDataDirectory(path)).toThrow("newer doorbuster");
    const raw = new (await import("bun:sqlite")).Database(join(path, "doorbuster.db"));
    raw.run(`PRAGMA user_version = ${version}`);
    raw.close();
    directory = openDataDirectory(path);
  });
});

describe("a data directory that is damaged", () => {
  const db = () => join(path, "doorbuster.db");
  const wal = () => join(path, "doorbuster.db-wal");

  /** What a killed process leaves: a write-ahead log with two transactions in it. */
  async function crash(change: (log: Buffer) => Buffer): Promise<void> {
    const { write } = directory.database;
    await write(insert(1));
    await write(insert(2));
    const [database, log] = [readFileSync(db()), readFileSync(wal())];
    await directory.close();
    path = tempDir();
    writeFileSync(db(), database);
    writeFileSync(wal(), change(log));
  }

  const frameHead = 24;
  const flip = (log: Buffer, at: number) => {
    log[at] = (log[at] ?? 0) ^ 1;
    return log;
  };

  function damage(): string | undefined {
    try {
      directory = openDataDirectory(path);
      return undefined;
    } catch (reason) {
      expect(reason).toMatchObject({ code: "data-dir-damaged" });
      const found = reason instanceof DataDirectoryError ? reason.message : String(reason);
      path = tempDir();
      directory = openDataDirectory(path);
      return found;
    }
  }

  test("is refused if a transaction is hurt that others follow", async () => {
    await crash((log) => flip(log, 32 + frameHead + 100));
    expect(damage()).toContain("lost what had been synced");
  });

  test("is refused if the head of its log is hurt", async () => {
    await crash((log) => flip(log, 9));
    expect(damage()).toContain("lost what had been synced");
  });

  test("is opened without the last transaction if a crash cut that off", async () => {
    await crash((log) => flip(log, log.length - 100));
    expect(damage()).toBeUndefined();
    expect(stored()).toEqual([1]);
    expect(statSync(wal()).size).toBe(0);
  });

  test("is refused if its log is there and its database is not", async () => {
    await crash((log) => log);
    rmSync(db());
    expect(damage()).toContain("no database that it belongs to");
  });

  test("is refused if, after a crash, its ledger and its orders do not agree", async () => {
    const sale = "INSERT INTO ledger (sale_id, total, sold) VALUES ('s1', 5, 1)";
    directory.database.sql.run(sale);
    await crash((log) => log);
    expect(damage()).toContain("the ledger of s1 does not agree with its orders");
  });

  test("is refused if, after a crash, its log of orders has a gap", async () => {
    const row = "INSERT INTO order_log (base_offset, count, produced_at, orders)";
    directory.database.sql.run(`${row} VALUES (0, 2, 0, ''), (3, 1, 0, '')`);
    await crash((log) => log);
    expect(damage()).toContain("the order log has a gap after 0");
  });

  test("is refused if the end of its database is missing, however it was stopped", async () => {
    await directory.close();
    const database = readFileSync(db()).subarray(0, 8_192);
    path = tempDir();
    writeFileSync(db(), database);
    expect(damage()).toContain("malformed");
  });
});

describe("the order index", () => {
  test("knows every buyer across merges, and after a restart in the middle of one", async () => {
    await embeddedSaleRepository(directory.database).create(
      terms({ stock: units(100_000), perBuyerLimit: units(5) }),
      instant(0),
    );
    const total = 17_000;
    await placeAll(0, total);
    const merged = merges();
    expect(merged.rows).toBeGreaterThan(0);
    expect(merged.watermark).toBe(0);
    await expectAllKnown(total);
    await directory.close();
    directory = openDataDirectory(path);
    await expectAllKnown(total);
    await placeAll(total, 2 * total);
    expect(merges().watermark).toBeGreaterThan(0);
    await expectAllKnown(2 * total);
  }, 30_000);

  const id = saleIdOf(1);

  async function placeAll(from: number, to: number): Promise<void> {
    const index = orderIndex(directory.database);
    const orders = embeddedOrderRepository(directory.database, index);
    for (let at = from; at < to; at += 500) {
      const batch = Array.from({ length: 500 }, (_, n) => orderOf(at + n));
      await orders.place(batch, instant(1));
    }
  }

  const orderOf = (n: number) => reservation({ sequence: n, buyer: `b${n % 9_973}`, key: `k${n}` });

  async function expectAllKnown(total: number): Promise<void> {
    const index = orderIndex(directory.database);
    let known = 0;
    for (let buyer = 0; buyer < 9_973; buyer += 1) {
      const orders = index.ofBuyer(id, `b${buyer}` as BuyerId);
      known += new Set(orders.map((order) => order.requestKey)).size;
    }
    expect(known).toBe(Math.min(total, 5 * 9_973));
  }

  function merges() {
    const { sql } = directory.database;
    const rows = sql.query<{ n: number }, []>("SELECT count(*) AS n FROM order_index").get();
    const state = sql.query<{ merged: number }, []>("SELECT merged FROM index_state").get();
    return { rows: rows?.n ?? 0, watermark: state?.merged ?? 0 };
  }
});
