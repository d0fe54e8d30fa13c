/** The ledger as stock, on SQLite: units are taken and orders placed in one transaction. */
import { type BuyerId, epoch, type SaleId, units } from "../../domain/ids.ts";
import type { ReserveRequest } from "../../domain/reservation.ts";
import { assert } from "../../lib/assert.ts";
import { err, ok, type Result } from "../../lib/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Reserved, StockStore, StockUnavailable } from "../../ports/stock-store.ts";
import type { LedgerColumns } from "../shared/ledger-row.ts";
import {
  nothingPending,
  notOpen,
  notSelling,
  sellFrom,
  unavailable,
} from "../shared/ledger-stock.ts";
import { type SaleRow, toSale } from "../shared/sale-row.ts";
import type { Database, WriteScope } from "./database.ts";
import type { OrderIndex } from "./order-index.ts";
import { orderReads } from "./order-reads.ts";
import { orderWriter } from "./order-repository.ts";
import ledgerReadSql from "./sql/ledger-read.sql" with { type: "text" };
import ledgerSellSql from "./sql/ledger-sell.sql" with { type: "text" };
import saleByIdSql from "./sql/sale-by-id.sql" with { type: "text" };

export interface EmbeddedLedgerDeps {
  readonly database: Database;
  readonly index: OrderIndex;
  readonly clock: Pick<Clock, "now">;
}

export function embeddedLedgerStock({ database, index, clock }: EmbeddedLedgerDeps): StockStore {
  const { sql } = database;
  const ledgerRow = sql.prepare<LedgerColumns, [string]>(ledgerReadSql);
  const saleRow = sql.prepare<SaleRow, [string]>(saleByIdSql);
  const sell = sql.prepare(ledgerSellSql);
  const insert = orderWriter(database, index, orderReads(database, index));

  const reserve: StockStore["reserve"] = async (saleId, _bucket, requests) => {
    const failure = database.failure();
    if (failure !== null) return err(unavailable(failure));
    return await database.write((scope) => decide(scope, saleId, requests));
  };

  function decide(
    scope: WriteScope,
    saleId: SaleId,
    requests: readonly ReserveRequest[],
  ): Result<Reserved, StockUnavailable> {
    const [ledger, row] = [ledgerRow.get(saleId), saleRow.get(saleId)];
    if (!ledger?.epoch || row === null) return err(notOpen(saleId));
    const sale = toSale(row);
    if (sale.mode !== "ledger") return err(notSelling(saleId));
    const now = clock.now();
    const held = (buyerId: BuyerId) => index.ofBuyer(saleId, buyerId);
    const { outcomes, orders, sold } = sellFrom({ ...ledger, sale, now, held }, requests);
    for (const order of orders) insert(scope, order, { status: "placed" }, now);
    if (orders.length > 0) {
      const { changes } = sell.run(saleId, sold - ledger.sold, ledger.version);
      assert(changes === 1, `the ledger of ${saleId} moved inside a transaction`);
      index.merge(scope);
    }
    return ok({ outcomes, version: sale.version });
  }

  const levelOf = async (saleId: SaleId) => {
    const [row, sale] = [ledgerRow.get(saleId), saleRow.get(saleId)];
    if (!row?.epoch || sale === null || toSale(sale).mode !== "ledger") return null;
    const remaining = units(row.total - row.sold);
    return { epoch: epoch(row.epoch), remaining, changes: row.version };
  };

  return { reserve, ...nothingPending(levelOf) };
}
