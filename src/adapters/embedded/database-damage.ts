/** Looks through a database that was not closed properly, or has orders to place: its structure,
 * and whether ledger, orders and log agree. A byte changed inside of a value has no checksum. */
import type { Database as Sqlite } from "bun:sqlite";
import booksSql from "./sql/check-books.sql" with { type: "text" };
import logSql from "./sql/check-log.sql" with { type: "text" };
import unreadSql from "./sql/check-unread.sql" with { type: "text" };

/** Whether a start goes on with what the last run left undone: what is damaged would fail for ever
 * then. */
export function hasWorkLeft(sql: Sqlite): boolean {
  return sql.query<{ unread: number }, []>(unreadSql).get()?.unread === 1;
}

/** What is wrong, or null. */
export function damageOf(sql: Sqlite): string | null {
  const [structure] = sql.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
  if (structure?.quick_check !== "ok") return structure?.quick_check ?? "it cannot be checked";
  const sale = sql.query<{ sale_id: string }, []>(booksSql).get();
  if (sale !== null) return `the ledger of ${sale.sale_id} does not agree with its orders`;
  const batch = sql.query<{ base_offset: number }, []>(logSql).get();
  return batch === null ? null : `the order log has a gap after ${batch.base_offset}`;
}
