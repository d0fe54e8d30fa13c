/** The sales on SQLite. */
import type { Instant, SaleId } from "../../domain/ids.ts";
import type { Sale, SaleTerms, SellingMode } from "../../domain/sale.ts";
import { present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type { SalePage, SaleRepository } from "../../ports/sale-repository.ts";
import { insertColumns, type SaleRow, termColumns, toSale } from "../shared/sale-row.ts";
import type { Database } from "./database.ts";
import ledgerInsertSql from "./sql/ledger-insert.sql" with { type: "text" };
import byIdSql from "./sql/sale-by-id.sql" with { type: "text" };
import changedSql from "./sql/sale-changed.sql" with { type: "text" };
import dueSql from "./sql/sale-due.sql" with { type: "text" };
import insertSql from "./sql/sale-insert.sql" with { type: "text" };
import listSql from "./sql/sale-list.sql" with { type: "text" };
import loadedSql from "./sql/sale-loaded.sql" with { type: "text" };
import modesSql from "./sql/sale-modes.sql" with { type: "text" };
import updateSql from "./sql/sale-update.sql" with { type: "text" };

export function embeddedSaleRepository(database: Database): SaleRepository {
  const { sql } = database;
  const one = sql.prepare<SaleRow, [string]>(byIdSql);
  const insert = sql.prepare<{ id: SaleId }, [Record<string, string | number | null>]>(insertSql);
  const insertLedger = sql.prepare(ledgerInsertSql);
  const page = sql.prepare<SaleRow, [number, number]>(listSql);
  const dueRows = sql.prepare<SaleRow, [number, number]>(dueSql);
  const loadedRows = sql.prepare<SaleRow, [number]>(loadedSql);
  const changedRows = sql.prepare<SaleRow, [number]>(changedSql);
  const modeRows = sql.prepare<{ id: SaleId; mode: SellingMode }, [number]>(modesSql);
  const replace = sql.prepare(updateSql);

  const create = (terms: SaleTerms, now: Instant): Promise<Sale> =>
    database.write(() => {
      const { id } = present(insert.get(insertColumns(terms, now)), "an insert returns its row");
      insertLedger.run(id, terms.stock);
      return toSale(present(one.get(id), `sale ${id} vanished`));
    });

  const byId = async (id: SaleId): Promise<Sale | null> => {
    const row = one.get(id);
    return row === null ? null : toSale(row);
  };

  const list = async (limit: number, cursor: string | null): Promise<SalePage> => {
    const before = cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor);
    const rows = page.all(before, limit + 1);
    const shown = rows.slice(0, limit);
    const nextCursor = rows.length > limit ? String(shown.at(-1)?.number) : null;
    return { items: shown.map(toSale), nextCursor };
  };

  const due = async (startsBefore: Instant, endsBefore: Instant): Promise<Sale[]> =>
    dueRows.all(startsBefore, endsBefore).map(toSale);

  const update: SaleRepository["update"] = (sale) =>
    database.write(() => {
      const { changes } = replace.run(updateColumns(sale));
      return changes === 1 ? ok(sale) : err("version-conflict");
    });

  const loaded: SaleRepository["loaded"] = async (closedAfter) =>
    loadedRows.all(closedAfter).map(toSale);

  const changed: SaleRepository["changed"] = async (withinMs) =>
    changedRows.all(withinMs).map(toSale);

  const modes: SaleRepository["modes"] = async (closedWithinMs) =>
    new Map(modeRows.all(closedWithinMs).map(({ id, mode }) => [id, mode]));

  return { create, byId, list, due, update, loaded, changed, modes };
}

function updateColumns(sale: Sale) {
  return { ...termColumns(sale), id: sale.id, state: sale.state, version: sale.version };
}
