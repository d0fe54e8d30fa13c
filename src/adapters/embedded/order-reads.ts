/** The reading half of the order repository: by id, by buyer, by sale, and the audit's counts. */

import type { BuyerId } from "../../domain/ids.ts";
import { type OrderId, routeOf, type SaleId, units } from "../../domain/ids.ts";
import type { Order } from "../../domain/order.ts";
import type { HeldOrder } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import type {
  LedgerCounts,
  OrderPage,
  OrderQuery,
  OrderRepository,
} from "../../ports/order-repository.ts";
import { type OrderColumns, orderOf } from "../shared/order-row.ts";
import type { Database } from "./database.ts";
import type { OrderIndex } from "./order-index.ts";
import ledgerReadSql from "./sql/ledger-read.sql" with { type: "text" };
import auditSql from "./sql/order-audit.sql" with { type: "text" };
import byIdSql from "./sql/order-by-id.sql" with { type: "text" };
import heldSql from "./sql/order-held.sql" with { type: "text" };
import listSql from "./sql/order-list.sql" with { type: "text" };
import refusedSql from "./sql/order-refused-of-buyer.sql" with { type: "text" };

export interface OrderRow extends OrderColumns {
  readonly seq: number;
  readonly id: OrderId;
  readonly sale_id: SaleId;
}

type HeldRow = Pick<OrderRow, "id" | "buyer_id" | "request_key" | "quantity" | "fingerprint">;

interface AuditRow {
  readonly placed: number;
  readonly refused: number;
  readonly orders: number;
  readonly duplicates: number;
  readonly over_limit_buyers: number;
}

export function orderReads(database: Database, index: OrderIndex) {
  const { sql } = database;
  const one = sql.prepare<OrderRow, [string, string]>(byIdSql);
  const page = sql.prepare<OrderRow, [string, string, number]>(listSql);
  const refused = sql.prepare<{ id: OrderId }, [string, string]>(refusedSql);
  const counts = sql.prepare<AuditRow, [string]>(auditSql);
  const ledger = sql.prepare<{ total: number; sold: number }, [string]>(ledgerReadSql);

  function row(id: OrderId): OrderRow | null {
    const route = routeOf(id);
    return route === null ? null : one.get(route.saleId, id);
  }

  async function byId(ids: readonly OrderId[]): Promise<Order[]> {
    return ids.flatMap((id) => {
      const found = row(id);
      return found === null ? [] : [toOrder(found)];
    });
  }

  async function list(query: OrderQuery): Promise<OrderPage> {
    const rows = query.buyerId === null ? ofSale(query) : ofBuyer(query, query.buyerId);
    const items = rows.slice(0, query.limit).map(toOrder);
    const more = rows.length > query.limit;
    return { items, nextCursor: more ? (items.at(-1)?.orderId ?? null) : null };
  }

  function ofSale(query: OrderQuery): OrderRow[] {
    return page.all(query.saleId, query.cursor ?? "~", query.limit + 1);
  }

  function ofBuyer(query: OrderQuery, buyerId: BuyerId): OrderRow[] {
    const live = index.ofBuyer(query.saleId, buyerId).map((order) => order.orderId);
    const ids = [...live, ...refused.all(query.saleId, buyerId).map((found) => found.id)];
    const wanted = ids.filter((id) => query.cursor === null || id < query.cursor);
    const newest = wanted
      .sort()
      .reverse()
      .slice(0, query.limit + 1);
    return newest.flatMap((id) => row(id) ?? []);
  }

  async function audit(saleId: SaleId, ids: readonly OrderId[]): Promise<LedgerCounts> {
    return sql.transaction(() => {
      const found = present(counts.get(saleId), "an audit always has a row");
      const sums = present(ledger.get(saleId), `sale ${saleId} has no ledger`);
      return {
        stock: units(sums.total),
        sold: units(sums.sold),
        placed: units(found.placed),
        refused: units(found.refused),
        orders: found.orders,
        duplicates: found.duplicates,
        overLimitBuyers: found.over_limit_buyers,
        known: ids.filter((id) => row(id) !== null),
      };
    })();
  }

  return { row, byId, list, audit, held: heldOrders(database) };
}

const heldRows = 2_000;

function heldOrders({ sql }: Database): OrderRepository["held"] {
  const page = sql.prepare<HeldRow, [string, string, number]>(heldSql);
  return async function* held(saleId, below) {
    let after = "";
    while (true) {
      const rows = page.all(saleId, after, heldRows);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.id;
      yield rows.filter(({ id }) => (routeOf(id)?.epoch ?? 0) < below).map(toHeld);
    }
  };
}

function toHeld({ id, buyer_id, request_key, quantity, fingerprint }: HeldRow): HeldOrder {
  return { orderId: id, buyerId: buyer_id, requestKey: request_key, quantity, fingerprint };
}

function toOrder(row: OrderRow): Order {
  const route = present(routeOf(row.id), `the order table has a bad id: ${row.id}`);
  return orderOf(row.id, route, row);
}
