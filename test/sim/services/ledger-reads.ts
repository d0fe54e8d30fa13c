/** Reading orders that are in memory. */
import { type OrderId, type SaleId, units } from "../../../src/domain/ids.ts";
import type { Order } from "../../../src/domain/order.ts";
import type { HeldOrder } from "../../../src/domain/reservation.ts";
import { present } from "../../../src/lib/assert.ts";
import type { LedgerCounts, OrderPage, OrderQuery } from "../../../src/ports/order-repository.ts";
import type { Ask, LedgerTables } from "./ledger-tables.ts";

const heldPerPage = 20;

/** Page by page, each as it is then. */
export async function* heldIn(
  tables: LedgerTables,
  ask: Ask,
  saleId: SaleId,
  below: number,
): AsyncGenerator<readonly HeldOrder[]> {
  let after = "";
  for (;;) {
    const page = await ask(() => liveAfter(tables, saleId, after));
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.orderId;
    yield page.filter((order) => order.epoch < below).map(toHeld);
  }
}

function liveAfter(tables: LedgerTables, saleId: SaleId, after: string): Order[] {
  const live = [...tables.orders.values()].filter(
    (order) => order.saleId === saleId && order.status === "placed" && order.orderId > after,
  );
  return live.sort((a, b) => (a.orderId < b.orderId ? -1 : 1)).slice(0, heldPerPage);
}

function toHeld({ orderId, buyerId, requestKey, fingerprint, quantity }: Order): HeldOrder {
  return { orderId, buyerId, requestKey, fingerprint, quantity };
}

export function listIn(
  tables: LedgerTables,
  { saleId, buyerId, limit, cursor }: OrderQuery,
): OrderPage {
  const wanted = [...tables.orders.values()].filter(
    (order) =>
      order.saleId === saleId &&
      (buyerId === null || order.buyerId === buyerId) &&
      (cursor === null || order.orderId < cursor),
  );
  wanted.sort((a, b) => (a.orderId < b.orderId ? 1 : -1));
  const items = wanted.slice(0, limit);
  const more = wanted.length > limit;
  return { items, nextCursor: more ? (items.at(-1)?.orderId ?? null) : null };
}

export function auditOf(
  tables: LedgerTables,
  saleId: SaleId,
  ids: readonly OrderId[],
): LedgerCounts {
  const entry = present(tables.entries.get(saleId), `${saleId} has no ledger`);
  const all = [...tables.orders.values()].filter((order) => order.saleId === saleId);
  const live = all.filter((order) => order.status === "placed");
  const sum = (some: readonly Order[]) =>
    units(some.reduce((units, order) => units + order.quantity, 0));
  const byBuyer = [...Map.groupBy(live, (order) => order.buyerId).values()];
  const keys = new Set(live.map((order) => `${order.buyerId} ${order.requestKey}`));
  return {
    stock: units(entry.total),
    sold: units(entry.sold),
    placed: sum(live),
    refused: sum(all.filter((order) => order.status === "refused")),
    orders: live.length,
    duplicates: live.length - keys.size,
    overLimitBuyers: byBuyer.filter((some) => sum(some) > entry.sale.perBuyerLimit).length,
    known: ids.filter((id) => tables.orders.has(id)),
  };
}
