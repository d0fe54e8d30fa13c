/** One bucket of stock as plain state, decided by the domain: what the scripts must agree with. */
import {
  type BuyerId,
  type Epoch,
  epoch,
  instant,
  type OrderId,
  orderIdOf,
  type SaleId,
  units,
} from "../../src/domain/ids.ts";
import {
  buyerRecord,
  decideReserve,
  type Reservation,
  type ReserveOutcome,
  type ReserveRequest,
  type StockSettings,
} from "../../src/domain/reservation.ts";
import type { StockLevel } from "../../src/ports/stock-store.ts";

export interface StockModel {
  setTime(ms: number): void;
  reserve(requests: readonly ReserveRequest[]): readonly ReserveOutcome[];
  configure(settings: StockSettings): void;
  settle(orders: readonly Reservation[]): void;
  release(orders: readonly Reservation[], credit: boolean): void;
  restock(added: number, ledgerVersion: number): void;
  level(): StockLevel;
  version(): number;
  /** Every reservation ever made, and not released. */
  orders(): readonly Reservation[];
}

export function stockModel(saleId: SaleId, total: number, loaded: StockSettings): StockModel {
  const under = epoch(1);
  let settings = loaded;
  let now = 0;
  let [remaining, released, sequence] = [total, 0, 0];
  const pending = new Map<OrderId, Reservation>();
  const byBuyer = new Map<BuyerId, Reservation[]>();
  const restocks = new Set<number>();

  function reserveOne(request: ReserveRequest): ReserveOutcome {
    const held = byBuyer.get(request.buyerId) ?? [];
    const counts = { remaining: units(remaining), pending: pending.size };
    const verdict = decideReserve(settings, counts, buyerRecord(held), request, instant(now));
    if (verdict.kind === "same") {
      const { orderId } = verdict.order;
      return { kind: "same", orderId, pending: pending.has(orderId) };
    }
    if (verdict.kind !== "take") return verdict;
    const reservedAt = instant(now);
    const orderId = orderIdOf({ reservedAt, saleId, bucket: 0, epoch: under, sequence });
    const order = { ...request, orderId, saleId, epoch: under, reservedAt };
    sequence += 1;
    remaining -= request.quantity;
    pending.set(orderId, order);
    byBuyer.set(request.buyerId, [...held, order]);
    return { kind: "reserved", order };
  }

  function configure(next: StockSettings): void {
    const { buckets, perBuyerLimit, version } = settings;
    if (next.version > version) settings = { ...next, buckets, perBuyerLimit };
  }

  function release(orders: readonly Reservation[], credit: boolean): void {
    for (const { orderId, buyerId, quantity } of orders) {
      if (!pending.delete(orderId)) continue;
      const others = byBuyer.get(buyerId)?.filter((other) => other.orderId !== orderId) ?? [];
      byBuyer.set(buyerId, others);
      if (!credit) continue;
      remaining += quantity;
      released += quantity;
    }
  }

  function restock(added: number, ledgerVersion: number): void {
    if (ledgerVersion <= 0 || restocks.has(ledgerVersion)) return;
    restocks.add(ledgerVersion);
    remaining += added;
  }

  function level(): StockLevel {
    return levelOf([...pending.values()], { epoch: under, remaining, released });
  }

  return {
    setTime: (ms) => {
      now = ms;
    },
    reserve: (requests) => requests.map(reserveOne),
    configure,
    settle: (orders) => {
      for (const { orderId } of orders) pending.delete(orderId);
    },
    release,
    restock,
    level,
    version: () => settings.version,
    orders: () => [...byBuyer.values()].flat(),
  };
}

function levelOf(
  pending: readonly Reservation[],
  counts: { readonly epoch: Epoch; readonly remaining: number; readonly released: number },
): StockLevel {
  return {
    epoch: counts.epoch,
    remaining: units(counts.remaining),
    pendingUnits: units(pending.reduce((sum, order) => sum + order.quantity, 0)),
    pendingOrders: pending.length,
    inTransfer: units(0),
    released: units(counts.released),
  };
}
