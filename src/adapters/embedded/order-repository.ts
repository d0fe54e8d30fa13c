/** The ledger and the order table on SQLite: one transaction a batch, and the domain decides
 * every order. */
import { epoch, type OrderId, routeOf, type SaleId, units } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import { decidePlacement, type Placement, type RefusalReason } from "../../domain/order.ts";
import { buyerRecord, type Reservation } from "../../domain/reservation.ts";
import type { SellingMode } from "../../domain/sale.ts";
import { assert, present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type { Fenced, OrderRepository, PlacementResult } from "../../ports/order-repository.ts";
import { type LedgerColumns, toLedgerState } from "../shared/ledger-row.ts";
import type { Database, WriteScope } from "./database.ts";
import type { OrderIndex } from "./order-index.ts";
import { orderReads } from "./order-reads.ts";
import ledgerFenceSql from "./sql/ledger-fence.sql" with { type: "text" };
import ledgerFirstEpochSql from "./sql/ledger-first-epoch.sql" with { type: "text" };
import ledgerModeSql from "./sql/ledger-mode.sql" with { type: "text" };
import ledgerNextEpochSql from "./sql/ledger-next-epoch.sql" with { type: "text" };
import ledgerReadSql from "./sql/ledger-read.sql" with { type: "text" };
import ledgerRestockSql from "./sql/ledger-restock.sql" with { type: "text" };
import ledgerSellSql from "./sql/ledger-sell.sql" with { type: "text" };
import orderInsertSql from "./sql/order-insert.sql" with { type: "text" };
import restockFindSql from "./sql/restock-find.sql" with { type: "text" };
import restockInsertSql from "./sql/restock-insert.sql" with { type: "text" };
import saleTouchSql from "./sql/sale-touch.sql" with { type: "text" };

interface LedgerRow extends LedgerColumns {
  readonly per_buyer_limit: number;
  readonly mode: SellingMode;
}

/** A sale's ledger while a batch is decided. */
interface OpenLedger {
  readonly row: LedgerRow;
  sold: number;
}

export function embeddedOrderRepository(database: Database, index: OrderIndex): OrderRepository {
  const { sql } = database;
  const ledgerOf = sql.prepare<LedgerRow, [string]>(ledgerReadSql);
  const sell = sql.prepare(ledgerSellSql);
  const reads = orderReads(database, index);
  const insert = orderWriter(database, index, reads);

  function place(orders: readonly Reservation[], now: number): Promise<PlacementResult[]> {
    return database.write((scope) => {
      const ledgers = new Map<SaleId, OpenLedger>();
      const results = orders.map((order) => {
        const ledger = opened(ledgers, order.saleId);
        const result = insert(scope, order, decide(order, ledger), now);
        if (result.kind === "placed" && ledger !== null) ledger.sold += order.quantity;
        return result;
      });
      for (const [saleId, ledger] of ledgers) close(saleId, ledger);
      index.merge(scope);
      return results;
    });
  }

  function opened(ledgers: Map<SaleId, OpenLedger>, saleId: SaleId): OpenLedger | null {
    const known = ledgers.get(saleId);
    if (known !== undefined) return known;
    const row = ledgerOf.get(saleId);
    if (row === null) return null;
    const ledger = { row, sold: row.sold };
    ledgers.set(saleId, ledger);
    return ledger;
  }

  function decide(order: Reservation, ledger: OpenLedger | null): Placement {
    if (ledger === null) return { status: "refused", reason: "poison" };
    const buyer = buyerRecord(index.ofBuyer(order.saleId, order.buyerId));
    return decidePlacement(order, {
      total: units(ledger.row.total),
      sold: units(ledger.sold),
      minEpoch: epoch(ledger.row.min_epoch),
      perBuyerLimit: units(ledger.row.per_buyer_limit),
      buyerUnits: buyer.units,
      keyTaken: buyer.orders.some((known) => known.requestKey === order.requestKey),
    });
  }

  function close(saleId: SaleId, ledger: OpenLedger): void {
    const added = ledger.sold - ledger.row.sold;
    if (added === 0) return;
    const { changes } = sell.run(saleId, added, ledger.row.version);
    assert(changes === 1, `the ledger of ${saleId} moved inside a transaction`);
  }

  function refuse(order: Reservation, reason: RefusalReason, now: number) {
    return database.write((scope) => insert(scope, order, { status: "refused", reason }, now));
  }

  return { place, refuse, ...reads, ...epochs(database), ...ledgerWrites(database) };
}

type Reads = ReturnType<typeof orderReads>;

/** Writes one decision, or reports the one that was written before. */
export function orderWriter(database: Database, index: OrderIndex, reads: Reads) {
  const insert = database.sql.prepare(orderInsertSql);
  return (
    scope: WriteScope,
    order: Reservation,
    placement: Placement,
    now: number,
  ): PlacementResult => {
    const { orderId, saleId, buyerId, requestKey, fingerprint, quantity } = order;
    const { status } = placement;
    const reason = placement.status === "refused" ? placement.reason : null;
    const { changes, lastInsertRowid } = insert.run(
      orderId,
      saleId,
      buyerId,
      requestKey,
      fingerprint,
      quantity,
      status,
      reason,
      now,
    );
    if (changes === 0) return decidedBefore(reads, orderId);
    if (status === "placed") index.add(scope, order, Number(lastInsertRowid));
    return { orderId, kind: status, status, reason };
  };
}

function decidedBefore(reads: Reads, orderId: OrderId): PlacementResult {
  const row = present(reads.row(orderId), `order ${orderId} conflicts with nothing`);
  const status = row.status === "refused" ? "refused" : "placed";
  return { orderId, kind: "duplicate", status, reason: row.reason };
}

function ledgerWrites(database: Database): Pick<OrderRepository, "restock"> {
  const { sql } = database;
  const ledgerOf = sql.prepare<LedgerRow, [string]>(ledgerReadSql);
  const add = sql.prepare<{ total: number; version: number }, [string, number]>(ledgerRestockSql);
  const before = sql.prepare<{ added: number; version: number; total: number }, [string, string]>(
    restockFindSql,
  );
  const remember = sql.prepare(restockInsertSql);
  const touch = sql.prepare(saleTouchSql);

  const restock: OrderRepository["restock"] = (saleId, added, key) =>
    database.write(() => {
      const known = before.get(saleId, key);
      if (known !== null && known.added !== added) return err("key-reused");
      if (known !== null) {
        return ok({ version: known.version, total: units(known.total), repeated: true });
      }
      const ledger = present(ledgerOf.get(saleId), `sale ${saleId} has no ledger`);
      if (ledger.total + added > limits.stockMax) return err("over-limit");
      const { total, version } = present(add.get(saleId, added), `sale ${saleId} has no ledger`);
      remember.run(saleId, key, added, version);
      touch.run(saleId);
      return ok({ version, total: units(total), repeated: false });
    });

  return { restock };
}

type FenceRow = Omit<LedgerColumns, "epoch">;

function epochs(
  database: Database,
): Pick<OrderRepository, "firstEpoch" | "nextEpoch" | "fence" | "ledger" | "switchTo"> {
  const { sql } = database;
  const ledgerOf = sql.prepare<LedgerRow, [string]>(ledgerReadSql);
  const first = sql.prepare<FenceRow, [string]>(ledgerFirstEpochSql);
  const next = sql.prepare<{ epoch: number }, [string, number | null]>(ledgerNextEpochSql);
  const setMode = sql.prepare(ledgerModeSql);
  const touch = sql.prepare(saleTouchSql);
  const raise = sql.prepare<FenceRow, [string, number]>(ledgerFenceSql);

  return {
    firstEpoch: (saleId) =>
      database.write(() => {
        const row = first.get(saleId);
        return row === null ? null : fenced(row);
      }),
    nextEpoch: (saleId, token) =>
      database.write(() => {
        const row = next.get(saleId, token ?? null);
        return row === null ? err("stale-token") : ok(epoch(row.epoch));
      }),
    fence: (saleId, at) =>
      database.write(() => {
        const row = raise.get(saleId, at);
        return row === null ? err("stale-epoch") : ok(fenced(row));
      }),
    switchTo: (saleId, at, mode) =>
      database.write(() => {
        const before = present(ledgerOf.get(saleId), `sale ${saleId} has no ledger`);
        const { changes } = setMode.run(saleId, at, mode);
        touch.run(saleId);
        return changes === 1 ? ok(before.mode) : err("stale-epoch");
      }),
    ledger: async (saleId) => {
      const row = ledgerOf.get(saleId);
      return row === null ? null : toLedgerState(row);
    },
  };
}

function fenced({ min_epoch, total, sold, version }: FenceRow): Fenced {
  const snapshot = { total: units(total), sold: units(sold), ledgerVersion: version };
  return { epoch: epoch(min_epoch), snapshot };
}

export function saleOf(orderId: OrderId): SaleId {
  return present(routeOf(orderId), `not an order id: ${orderId}`).saleId;
}
