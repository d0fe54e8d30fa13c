/** Accounts for every unit of a sale: the pending reservations first, then one view of the
 * ledger, in which an order that is in both counts as sold. A finding is believed once two
 * passes in a row saw the same numbers. */
import { type AuditCounts, type AuditReport, findings, sameCounts } from "../domain/audit.ts";
import { type SaleId, units } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface AuditDeps {
  readonly orders: Pick<OrderRepository, "audit">;
  readonly stock: Pick<StockStore, "pending" | "level">;
  readonly clock: Clock;
}

export async function audit(deps: AuditDeps, saleId: SaleId): Promise<AuditReport> {
  let last = await count(deps, saleId);
  for (let pass = 1; pass < limits.auditPassesMax; pass += 1) {
    await pause(deps.clock);
    const next = await count(deps, saleId);
    if (sameCounts(last, next)) return report(deps, next, findings(next).length === 0);
    last = next;
  }
  return report(deps, last, null);
}

async function count(deps: AuditDeps, saleId: SaleId): Promise<AuditCounts> {
  const [level, pending] = await Promise.all([
    deps.stock.level(saleId),
    deps.stock.pending(saleId, {}),
  ]);
  const ledger = await deps.orders.audit(
    saleId,
    pending.map((order) => order.orderId),
  );
  const known = new Set(ledger.known);
  const { known: _, ...counted } = ledger;
  const open = pending.filter((order) => !known.has(order.orderId));
  return {
    ...counted,
    remaining: level?.remaining ?? units(ledger.stock - ledger.sold),
    pending: units(open.reduce((sum, order) => sum + order.quantity, 0)),
    inTransfer: level?.inTransfer ?? units(0),
    released: level?.released ?? units(0),
  };
}

function report(deps: AuditDeps, counts: AuditCounts, ok: boolean | null): AuditReport {
  return { ...counts, ok, findings: findings(counts), checkedAt: deps.clock.now() };
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(limits.auditPauseMs, resolve);
  });
}
