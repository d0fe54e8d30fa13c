/** Small builders: valid values, of which a test names only what it is about. */
import {
  type BuyerId,
  epoch,
  type Instant,
  instant,
  orderIdOf,
  type RequestKey,
  saleIdOf,
  units,
} from "../../src/domain/ids.ts";
import type { Reservation, ReserveRequest, StockSettings } from "../../src/domain/reservation.ts";
import type { Sale, SaleTerms } from "../../src/domain/sale.ts";
import type { Clock } from "../../src/ports/clock.ts";

interface RequestParts {
  readonly buyer?: string;
  readonly key?: string;
  readonly quantity?: number;
  readonly fingerprint?: string;
}

export function request(parts: RequestParts): ReserveRequest {
  const quantity = parts.quantity ?? 1;
  return {
    buyerId: (parts.buyer ?? "a") as BuyerId,
    requestKey: (parts.key ?? "k") as RequestKey,
    fingerprint: parts.fingerprint ?? `q${quantity}`,
    quantity: units(quantity),
  };
}

interface ReservationParts extends RequestParts {
  readonly sale?: number;
  readonly sequence?: number;
  readonly epoch?: number;
  /** Milliseconds since 1970. */
  readonly at?: number;
}

export function reservation(parts: ReservationParts): Reservation {
  const saleId = saleIdOf(parts.sale ?? 1);
  const reservedAt = instant(parts.at ?? 1_000);
  const route = { reservedAt, saleId, bucket: 0, epoch: epoch(parts.epoch ?? 1) };
  const orderId = orderIdOf({ ...route, sequence: parts.sequence ?? 0 });
  return { ...request(parts), orderId, saleId, epoch: route.epoch, reservedAt };
}

export function settings(over: Partial<StockSettings>): StockSettings {
  return {
    state: "open",
    startsAt: null,
    endsAt: null,
    perBuyerLimit: units(1),
    pendingMax: 1_000,
    buckets: 1,
    version: 1,
    ...over,
  };
}

export function terms(over: Partial<SaleTerms>): SaleTerms {
  return {
    productId: "sneaker-1",
    name: "Sneaker One",
    price: { minorUnits: 19_900, currency: "CNY" },
    stock: units(100),
    startsAt: null,
    endsAt: null,
    perBuyerLimit: units(1),
    rateLimit: { perSecond: 1_000, burst: 1_000, adaptive: null },
    paymentWindowSeconds: 900,
    buckets: 1,
    strategy: "atomic",
    fallback: null,
    board: { score: "time" },
    ...over,
  };
}

export function sale(over: Partial<Sale>): Sale {
  const id = saleIdOf(1);
  return { ...terms({}), id, ...fresh, ...over };
}

const fresh = { state: "scheduled", mode: "stock", version: 1, createdAt: instant(0) } as const;

export interface VirtualClock extends Clock {
  /** Sets the time and runs what has come due, in order. */
  set(ms: number): void;
  advance(ms: number): void;
}

interface Task {
  readonly at: number;
  readonly run: () => void;
}

export function virtualClock(startMs: number): VirtualClock {
  let now = startMs;
  let tasks: Task[] = [];

  function after(delayMs: number, run: () => void): () => void {
    const task = { at: now + delayMs, run };
    tasks.push(task);
    return () => {
      tasks = tasks.filter((other) => other !== task);
    };
  }

  function set(ms: number): void {
    for (let due = next(ms); due !== undefined; due = next(ms)) {
      tasks = tasks.filter((task) => task !== due);
      now = Math.max(now, due.at);
      due.run();
    }
    now = ms;
  }

  function next(until: number): Task | undefined {
    return tasks.filter((task) => task.at <= until).sort((a, b) => a.at - b.at)[0];
  }

  return {
    now: (): Instant => instant(now),
    elapsed: () => now,
    after,
    soon: (task) => void setImmediate(task),
    set,
    advance: (ms) => set(now + ms),
  };
}
