/** Compares the books of a sale: what its stock says and what its ledger says. Mends what is safe
 * to mend, order by order, and tells of what is not. While a sale is busy its numbers move between
 * two looks, and nothing is concluded from them. */
import { type Instant, instant, type SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Reservation } from "../domain/reservation.ts";
import type { Clock } from "../ports/clock.ts";
import type { LedgerState, OrderRepository } from "../ports/order-repository.ts";
import type { StockLevel, StockStore } from "../ports/stock-store.ts";
import { settleAll } from "./place-orders.ts";
import { finishTransfers } from "./refill-bucket.ts";

export interface ReconcileDeps {
  readonly orders: Pick<OrderRepository, "ledger" | "byId">;
  readonly stock: Pick<
    StockStore,
    "level" | "pending" | "settle" | "release" | "buckets" | "send" | "receive"
  >;
  readonly clock: Clock;
}

export interface ReconcileReport {
  /** `even`: every unit is accounted for; `moving`: not to be told, the sale is busy; `uneven`: it
   * has too few or too many units, and only a load from the ledger mends that. */
  readonly books: "even" | "moving" | "uneven" | "not-loaded";
  /** Units that the stock has too many; negative if it has too few. */
  readonly surplus: number;
  /** Orders whose pending mark was dropped because the ledger had decided them. */
  readonly settled: number;
  /** Transfers that somebody left behind and that were finished. */
  readonly transfers: number;
}

export async function reconcile(deps: ReconcileDeps, saleId: SaleId): Promise<ReconcileReport> {
  const before = await look(deps, saleId);
  if (before === null) return { books: "not-loaded", surplus: 0, settled: 0, transfers: 0 };
  const moving = before.level.inTransfer > 0;
  const transfers = moving ? (await finishTransfers(deps, saleId)).length : 0;
  const settled = before.level.pendingOrders > 0 ? await settleDecided(deps, saleId) : 0;
  const first = await look(deps, saleId);
  await pause(deps.clock);
  const second = await look(deps, saleId);
  if (first === null || second === null || !same(first, second)) {
    return { books: "moving", surplus: 0, settled, transfers };
  }
  const surplus = surplusOf(second);
  return { books: surplus === 0 ? "even" : "uneven", surplus, settled, transfers };
}

interface Books {
  readonly level: StockLevel;
  readonly ledger: LedgerState;
}

/** The stock first: an order that is placed in between counts as sold and as pending. */
async function look({ stock, orders }: ReconcileDeps, saleId: SaleId): Promise<Books | null> {
  const level = await stock.level(saleId);
  const ledger = await orders.ledger(saleId);
  return level === null || ledger === null ? null : { level, ledger };
}

function same(a: Books, b: Books): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function surplusOf({ level, ledger }: Books): number {
  const accounted = level.remaining + level.pendingUnits + level.inTransfer + ledger.sold;
  return accounted - ledger.total;
}

/** Pending orders that the ledger decided long ago: whoever should have said so did not. */
async function settleDecided(deps: ReconcileDeps, saleId: SaleId): Promise<number> {
  const old = before(deps.clock.now(), await deps.stock.pending(saleId, {}));
  let settled = 0;
  for (let from = 0; from < old.length; from += limits.placeBatchMax) {
    const some = old.slice(from, from + limits.placeBatchMax);
    const decided = await deps.orders.byId(some.map((order) => order.orderId));
    await settleAll(deps, decided, decided);
    settled += decided.length;
  }
  return settled;
}

function before(now: Instant, pending: readonly Reservation[]): Reservation[] {
  const least = instant(now - limits.sweepBackoffMs);
  return pending.filter((order) => order.reservedAt < least);
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(limits.auditPauseMs, resolve);
  });
}
