/** The sales in MySQL. */
import { type Instant, saleIdOf } from "../../domain/ids.ts";
import type { Sale, SaleTerms, SellingMode } from "../../domain/sale.ts";
import { present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type { SaleRepository } from "../../ports/sale-repository.ts";
import { insertColumns, type SaleRow, termColumns, toSale } from "../shared/sale-row.ts";
import { numberOf } from "./order-key.ts";
import type { Mysql } from "./pool.ts";
import type { Session } from "./session.ts";

export function mysqlSaleRepository(mysql: Mysql): SaleRepository {
  const select = (where: string, values: readonly unknown[]): Promise<Sale[]> =>
    mysql.use((session) => selectSales(session, where, values));

  const create = (terms: SaleTerms, now: Instant): Promise<Sale> =>
    mysql.transaction(async (session) => {
      const columns = insertColumns(terms, now);
      const { insertId } = await session.query<{ insertId: number }>(insertSql, [
        columns.productId,
        ...changeable(terms),
        columns.perBuyerLimit,
        columns.buckets,
        columns.strategy,
        columns.createdAt,
      ]);
      await session.query("INSERT INTO ledger (sale, total) VALUES (?, ?)", [
        insertId,
        terms.stock,
      ]);
      await session.query("INSERT INTO selling (sale, fallback, mode) VALUES (?, ?, 'stock')", [
        insertId,
        terms.fallback,
      ]);
      await setAdaptive(session, insertId, columns.adaptive);
      const [sale] = await selectSales(session, "number = ?", [insertId]);
      return present(sale, `sale ${saleIdOf(insertId)} vanished`);
    });

  const list: SaleRepository["list"] = async (limit, cursor) => {
    const before = cursor === null ? 2 ** 32 : Number(cursor);
    if (!Number.isSafeInteger(before)) return { items: [], nextCursor: null };
    const where = "number < ? ORDER BY number DESC LIMIT ?";
    const found = await select(where, [before, limit + 1]);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const more = found.length > limit && last !== undefined;
    return { items, nextCursor: more ? String(numberOf(last.id)) : null };
  };

  const update: SaleRepository["update"] = (sale) =>
    mysql.transaction(async (session) => {
      const { affectedRows } = await session.query<{ affectedRows: number }>(updateSql, [
        ...changeable(sale),
        sale.state,
        sale.version,
        numberOf(sale.id),
        sale.version - 1,
      ]);
      if (affectedRows !== 1) return err("version-conflict");
      await setAdaptive(session, numberOf(sale.id), termColumns(sale).adaptive);
      return ok(sale);
    });

  return {
    create,
    list,
    update,
    byId: async (id) => (await select("number = ?", [numberOf(id)]))[0] ?? null,
    due: (startsBefore, endsBefore) => select(dueSql, [startsBefore, endsBefore]),
    loaded: (closedAfter) => select(loadedSql, [closedAfter]),
    modes: (closedWithinMs) =>
      mysql.use(async (session) => {
        const rows = session.query<{ number: number; mode: SellingMode }[]>;
        const found = await rows(modesSql, [closedWithinMs]);
        return new Map(found.map(({ number, mode }) => [saleIdOf(number), mode]));
      }),
    changed: (withinMs) => select(`updated_at >= ${nowSql} - ?`, [withinMs]),
  };
}

function selectSales(session: Session, where: string, values: readonly unknown[]): Promise<Sale[]> {
  return session
    .query<SaleRow[]>(`${selectSql} WHERE ${where}`, values)
    .then((rows) => rows.map(toSale));
}

/** A sale whose rate does not follow anything has no row. */
async function setAdaptive(session: Session, sale: number, adaptive: string | null) {
  if (adaptive === null) await session.query("DELETE FROM adaptive_rates WHERE sale = ?", [sale]);
  else await session.query("REPLACE INTO adaptive_rates VALUES (?, ?)", [sale, adaptive]);
}

/** In the order in which the statements name them. */
function changeable(terms: SaleTerms): unknown[] {
  const columns = termColumns(terms);
  return [
    columns.name,
    columns.priceMinorUnits,
    columns.currency,
    columns.startsAt,
    columns.endsAt,
    columns.ratePerSecond,
    columns.rateBurst,
    columns.paymentWindowSeconds,
    columns.boardScore,
  ];
}

/** Milliseconds since 1970 by the server's clock. */
export const nowSql = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

const loadedSql =
  "(ledger.epoch > 0 OR state IN ('open', 'paused')) AND (state <> 'closed' OR updated_at > ?)";

const dueSql = "(state = 'scheduled' AND starts_at <= ?) OR (state <> 'closed' AND ends_at <= ?)";

/** Every sale, as `toSale` reads it. */
export const selectSql = `
SELECT sales.*, ledger.total, selling.fallback, COALESCE(selling.mode, 'stock') AS mode,
  adaptive_rates.adaptive
FROM sales JOIN ledger ON ledger.sale = sales.number
LEFT JOIN selling ON selling.sale = sales.number
LEFT JOIN adaptive_rates ON adaptive_rates.sale = sales.number`;

/** In two halves, each by an index: this is asked several times a second. */
const modesSql = `
SELECT number, IF(strategy = 'database', 'ledger', mode) AS mode
FROM sales JOIN selling ON sale = number
WHERE state IN ('scheduled', 'open', 'paused') AND (fallback IS NOT NULL OR strategy = 'database')
UNION ALL
SELECT number, mode FROM sales JOIN selling ON sale = number
WHERE updated_at >= ${nowSql} - ? AND state = 'closed'
  AND fallback IS NOT NULL AND strategy <> 'database'`;

const insertSql = `
INSERT INTO sales (
  product_id, name, price_minor_units, currency, starts_at, ends_at, rate_per_second, rate_burst,
  payment_window_seconds, board_score, per_buyer_limit, buckets, strategy, created_at, state,
  version, updated_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'scheduled', 1, ${nowSql})`;

const updateSql = `
UPDATE sales SET
  name = ?, price_minor_units = ?, currency = ?, starts_at = ?, ends_at = ?, rate_per_second = ?,
  rate_burst = ?, payment_window_seconds = ?, board_score = ?, state = ?, version = ?,
  updated_at = ${nowSql}
WHERE number = ? AND version = ?`;
