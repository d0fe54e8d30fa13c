/** Reads what the engine stored with SQL of its own, from the database file, past every line of
 *  engine code. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { StoredOrder, StoredSale } from "./checker.ts";

const FILE_NAME = "doorbuster.db";
const BUSY_WAIT_MS = 2000;

/** Throws if the file cannot be opened or is not the engine's. */
export function readStoredSale(dataDir: string, saleId: string): StoredSale {
  const database = new Database(join(dataDir, FILE_NAME), { readonly: true });
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_WAIT_MS}`);
    // One transaction, so that the orders and the ledger are of the same moment.
    return database.transaction(() => readBoth(database, saleId))();
  } finally {
    database.close();
  }
}

function readBoth(database: Database, saleId: string): StoredSale {
  const orders = database
    .query<StoredOrder, [string]>(
      `SELECT id, buyer_id AS buyerId, request_key AS requestKey, quantity, status
       FROM orders WHERE sale_id = ? ORDER BY seq`,
    )
    .all(saleId);
  const ledger = database
    .query<{ sold: number }, [string]>("SELECT sold FROM ledger WHERE sale_id = ?")
    .get(saleId);
  if (ledger === null) throw new Error(`the ledger has no row for sale ${saleId}`);
  return { source: "tables", orders, sold: ledger.sold };
}
