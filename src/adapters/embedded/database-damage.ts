/** Looks through a database that was not closed properly: its structure, and whether ledger, orders
 * and log agree. What SQLite has no checksum for, a changed byte inside of a value, it cannot see. */
import type { Database as Sqlite } from "bun:sqlite";
import booksSql from "./sql/check-books.sql" with { type: "text" };
import logSql from "./sql/check-log.sql" with { type: "text" };

/** What is wrong, or null. */
export function damageOf(sql: Sqlite): string | null {
  const [structure] = sql.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
  if (structure?.quick_check !== "ok") return structure?.quick_check ?? "it cannot be checked";
  const sale = sql.query<{ sale_id: string }, []>(booksSql).get();
  if (sale !== null) return `the ledger of ${sale.sale_id} does not agree with its orders`;
  const batch = sql.query<{ base_offset: number }, []>(logSql).get();
  return batch === null ? null : `the order log has a gap after ${batch.base_offset}`;
}
