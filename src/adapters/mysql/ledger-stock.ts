/** The ledger as stock: units are taken and orders placed in one transaction, under the lock of the
 *  sale's ledger. */
import { type BuyerId, epoch, instant, type SaleId, units } from "../../domain/ids.ts";
import type { KnownOrder, ReserveRequest } from "../../domain/reservation.ts";
import { err, ok, type Result } from "../../lib/result.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import type { Reserved, StockStore, StockUnavailable } from "../../ports/stock-store.ts";
import {
  nothingPending,
  notOpen,
  notSelling,
  sellFrom,
  unavailable,
} from "../shared/ledger-stock.ts";
import { type SaleRow, toSale } from "../shared/sale-row.ts";
import { numberOf, routeOfKey } from "./order-key.ts";
import { type LedgerRow, placedRow, writeRows } from "./place-orders.ts";
import type { Mysql } from "./pool.ts";
import { nowSql, selectSql } from "./sale-repository.ts";
import type { Session } from "./session.ts";
import lockSql from "./sql/ledger-lock.sql" with { type: "text" };
import ownedSql from "./sql/order-owned.sql" with { type: "text" };

interface OwnedRow {
  readonly id: Buffer;
  readonly buyer_id: BuyerId;
  readonly request_key: KnownOrder["requestKey"];
  readonly fingerprint: string;
  readonly quantity: number;
}

type Ledger = LedgerRow & { readonly epoch: number };

export function mysqlLedgerStock(mysql: Mysql): StockStore {
  const reserve: StockStore["reserve"] = async (saleId, _bucket, requests) => {
    let written = false;
    try {
      return await mysql.transaction(async (session) => {
        written = false;
        const answer = await sell(session, saleId, requests);
        written = answer.ok;
        return answer;
      });
    } catch (reason) {
      // Only a commit without an answer leaves it open what became of it.
      if (written || !(reason instanceof ServiceUnavailable)) throw reason;
      return err(unavailable(reason.message));
    }
  };

  const levelOf = (saleId: SaleId) =>
    mysql.use(async (session) => {
      const [row] = await session.query<Ledger[]>(levelSql, [numberOf(saleId)]);
      if (row === undefined || row.epoch === 0) return null;
      const remaining = units(row.total - row.sold);
      return { epoch: epoch(row.epoch), remaining, changes: row.version };
    });

  return { reserve, ...nothingPending(levelOf) };
}

/** The session is in a transaction. Two round trips: read under the lock, then write. */
async function sell(
  session: Session,
  saleId: SaleId,
  requests: readonly ReserveRequest[],
): Promise<Result<Reserved, StockUnavailable>> {
  const number = numberOf(saleId);
  const buyers = JSON.stringify([...new Set(requests.map(({ buyerId }) => buyerId))]);
  const [[ledger], [row], owned, [time]] = await session.query<
    [Ledger[], SaleRow[], OwnedRow[], { readonly now: number }[]]
  >(readSql, [[number], number, buyers, number]);
  if (!ledger?.epoch || row === undefined || time === undefined) return err(notOpen(saleId));
  const sale = toSale(row);
  if (sale.mode !== "ledger") return err(notSelling(saleId));
  const byBuyer = Map.groupBy(owned, (one) => one.buyer_id);
  const held = (buyerId: BuyerId) => (byBuyer.get(buyerId) ?? []).map(toKnown);
  const open = { ...ledger, sale: { ...sale, id: saleId }, now: instant(time.now), held };
  const { outcomes, orders, sold } = sellFrom(open, requests);
  const rows = orders.map((order) => placedRow(order, open.now));
  if (rows.length > 0) await writeRows(session, rows, [{ row: ledger, sold }]);
  return ok({ outcomes, version: sale.version });
}

function toKnown(row: OwnedRow): KnownOrder {
  const { request_key: requestKey, fingerprint } = row;
  const { orderId } = routeOfKey(row.id);
  return { requestKey, fingerprint, orderId, quantity: units(row.quantity) };
}

/** None while the sale is not sold from the ledger. */
const levelSql = `
SELECT total, sold, ledger.version, epoch FROM ledger JOIN sales ON number = ledger.sale
LEFT JOIN selling ON selling.sale = ledger.sale
WHERE ledger.sale = ? AND (strategy = 'database' OR mode = 'ledger')`;

const saleSql = `${selectSql} WHERE sales.number = ?`;
const readSql = [lockSql, saleSql, ownedSql, `SELECT ${nowSql} AS now`].join(";\n");
