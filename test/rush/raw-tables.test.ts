// The checker's own reading of the database file.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStoredSale } from "../../src/rush/raw-tables.ts";

let dataDir = "";
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "raw-tables-"));
  const database = new Database(join(dataDir, "doorbuster.db"));
  database.run("PRAGMA journal_mode = WAL");
  database.run(
    `CREATE TABLE orders (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, sale_id TEXT, buyer_id TEXT,
       request_key TEXT, quantity INTEGER, status TEXT)`,
  );
  database.run("CREATE TABLE ledger (sale_id TEXT PRIMARY KEY, total INTEGER, sold INTEGER)");
  database.run("INSERT INTO orders VALUES (1, 'o1', 's1', 'b1', 'k1', 2, 'placed')");
  database.run("INSERT INTO orders VALUES (2, 'o2', 's2', 'b1', 'k1', 1, 'placed')");
  database.run("INSERT INTO ledger VALUES ('s1', 10, 2), ('s2', 10, 1)");
  database.close();
});
afterAll(() => rm(dataDir, { recursive: true }));

test("the orders and the ledger of one sale are read", () => {
  expect(readStoredSale(dataDir, "s1")).toEqual({
    source: "tables",
    orders: [{ id: "o1", buyerId: "b1", requestKey: "k1", quantity: 2, status: "placed" }],
    sold: 2,
  });
});

test("a sale without a ledger row cannot be judged", () => {
  expect(() => readStoredSale(dataDir, "s3")).toThrow("no row for sale s3");
});
