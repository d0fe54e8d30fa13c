/** A stock store in a test: loading it and buying from it. */
import { epoch, homeBucket, type SaleId, units } from "../../src/domain/ids.ts";
import type {
  HeldOrder,
  Reservation,
  ReserveOutcome,
  StockSettings,
} from "../../src/domain/reservation.ts";
import { present } from "../../src/lib/assert.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { request, settings } from "./builders.ts";

interface Loaded {
  readonly total: number;
  readonly sold?: number;
  readonly ledgerVersion?: number;
  readonly epoch?: number;
  readonly settings?: Partial<StockSettings>;
  readonly held?: readonly HeldOrder[];
}

export async function loadStock(
  stock: StockStore,
  saleId: SaleId,
  loaded: Loaded,
): ReturnType<StockStore["seal"]> {
  const applied = settings(loaded.settings ?? {});
  const under = epoch(loaded.epoch ?? 1);
  const { total, sold = 0, ledgerVersion = 0 } = loaded;
  const snapshot = { total: units(total), sold: units(sold), ledgerVersion };
  const sealed = await stock.seal(saleId, applied.buckets, under);
  if (!sealed.ok) return sealed;
  return stock.load(saleId, under, applied, snapshot, inBatches(loaded.held ?? []));
}

/** Buys at the buyer's home bucket. */
export async function reserveOne(
  stock: StockStore,
  saleId: SaleId,
  over: Parameters<typeof request>[0],
  buckets = 1,
): Promise<ReserveOutcome> {
  const asked = request(over);
  const answer = await stock.reserve(saleId, homeBucket(asked.buyerId, buckets), [asked]);
  if (!answer.ok) throw new Error(answer.error.detail);
  return present(answer.value.outcomes[0], "one outcome");
}

export function reserved(outcome: ReserveOutcome): Reservation {
  if (outcome.kind !== "reserved") throw new Error(`expected a reservation, got ${outcome.kind}`);
  return outcome.order;
}

async function* inBatches(held: readonly HeldOrder[]): AsyncGenerator<readonly HeldOrder[]> {
  const size = 2;
  for (let from = 0; from < held.length; from += size) yield held.slice(from, from + size);
}
