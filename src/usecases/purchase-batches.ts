/** The batches of the purchase path: requests for one bucket of a sale share a decision, and all
 * orders share an append. What arrives while a batch is in flight forms the next one. */
import { homeBucket, type SaleId, units } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Reservation, ReserveOutcome, ReserveRequest } from "../domain/reservation.ts";
import type { Sale } from "../domain/sale.ts";
import { coarseTimers } from "../lib/coarse-timers.ts";
import { type MicroBatch, microBatch } from "../lib/micro-batch.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Lease } from "../ports/lease.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { StaleToken, StockStore, StockUnavailable } from "../ports/stock-store.ts";
import type { ConfirmedModes } from "./confirmed-modes.ts";
import { type LockedStockCounts, lockedStock } from "./locked-stock.ts";
import { refill } from "./refill-bucket.ts";

/** `overloaded`: too many wait, or too many processes move units between the buckets; nothing was
 * taken. `outcome-unknown`: a second try, with units from other buckets, got no answer. */
export type ReserveError =
  | StockUnavailable
  | StaleToken
  | { readonly code: "overloaded" }
  | { readonly code: "outcome-unknown" };

type Decision = Result<ReserveOutcome, ReserveError>;

export interface PurchaseBatchesDeps {
  readonly stock: Pick<StockStore, "reserve" | "buckets" | "send" | "receive">;
  readonly log: Pick<OrderLog, "append">;
  readonly lease: Pick<Lease, "acquire" | "list">;
  /** How long this process keeps the lock of a `locked` sale while others wait for it;
   * `limits.lockTurnMs` if left out. */
  readonly lockTurnMs?: number;
  /** A sale that is sold from the ledger for a while needs no lock of its own. */
  readonly modes?: Pick<ConfirmedModes, "of">;
  readonly clock: Clock;
  /** Told with every batch which version of the sale's settings was applied. */
  readonly applied: (saleId: SaleId, version: number) => void;
}

export interface PurchaseBatches {
  /** One request's outcome; `overloaded` at once if too many wait. Rejects if the outcome is
   * unknown. */
  reserve(sale: Sale, request: ReserveRequest): Promise<Decision>;
  /** Resolves once the order is in the log; rejects, or `overloaded`, if that is not known. */
  append(order: Reservation): Promise<Result<void, "overloaded">>;
  /** Appends an order that does not depend on it. */
  appendLater(order: Reservation): void;
  /** How many of those the log is not known to have. */
  unlogged(): number;
  /** Resolves once none of them is under way. */
  drained(): Promise<void>;
  /** Calls `late` after a while, unless what it returns is called before: a timer that is cheap by
   * the thousand, and up to 50 ms late. */
  deadline(delayMs: number, late: () => void): () => void;
  /** Requests waiting for a decision or an append. */
  waiting(): number;
  /** What came of the sales that are sold under a lock. */
  locked(): Readonly<LockedStockCounts>;
}

/** How a bucket of a sale is asked, by the sale's strategy. */
interface Asked extends Pick<PurchaseBatchesDeps, "stock" | "applied" | "clock"> {
  readonly saleId: SaleId;
  readonly bucket: number;
  /** Whether other buckets may have units. */
  readonly others: boolean;
  reserve(requests: readonly ReserveRequest[]): ReturnType<StockStore["reserve"]>;
}

const deadlineResolutionMs = 50;

export function purchaseBatches(deps: PurchaseBatchesDeps): PurchaseBatches {
  const bySale = new Map<SaleId, MicroBatch<ReserveRequest, Decision>[]>();
  const locked = lockedStock({ ...deps, turnMs: deps.lockTurnMs ?? limits.lockTurnMs });
  const appends = microBatch<Reservation, void>({
    batchMax: limits.appendBatchMax,
    queueMax: limits.appendQueueMax,
    defer: deps.clock.soon,
    run: async (orders) => {
      await deps.log.append(orders);
      return orders.map(() => undefined);
    },
  });

  async function reserve(sale: Sale, request: ReserveRequest): Promise<Decision> {
    let ofSale = bySale.get(sale.id);
    if (ofSale === undefined) {
      ofSale = Array.from({ length: sale.buckets }, (_, bucket) =>
        reserveBatch(askedOf(sale, bucket)),
      );
      bySale.set(sale.id, ofSale);
    }
    const decided = await ofSale[homeBucket(request.buyerId, ofSale.length)]?.push(request);
    return decided?.ok ? decided.value : err({ code: "overloaded" });
  }

  function askedOf(sale: Sale, bucket: number): Asked {
    const { stock, applied, modes, clock } = deps;
    const { id: saleId, strategy } = sale;
    const others = sale.buckets > 1;
    const reserve: Asked["reserve"] = (requests) =>
      strategy === "locked" && modes?.of(saleId) !== "ledger"
        ? locked.reserve(sale, bucket, requests)
        : stock.reserve(saleId, bucket, requests);
    return { stock, applied, clock, saleId, bucket, others, reserve };
  }

  function waiting(): number {
    let sum = appends.size();
    for (const batches of bySale.values()) for (const batch of batches) sum += batch.size();
    return sum;
  }

  const deadline = coarseTimers(deps.clock, deadlineResolutionMs);
  return {
    reserve,
    append: (order) => appends.push(order),
    ...appendingLater(appends),
    deadline,
    waiting,
    locked: locked.counts,
  };
}

function appendingLater(
  appends: MicroBatch<Reservation, void>,
): Pick<PurchaseBatches, "appendLater" | "unlogged" | "drained"> {
  const underWay = new Set<Promise<void>>();
  let unlogged = 0;

  function appendLater(order: Reservation): void {
    const appending = appends.push(order).then(
      (appended) => appended.ok,
      () => false,
    );
    const done = appending.then((logged) => {
      underWay.delete(done);
      if (!logged) unlogged += 1;
    });
    underWay.add(done);
  }

  async function drained(): Promise<void> {
    while (underWay.size > 0) await Promise.all(underWay);
  }

  return { appendLater, unlogged: () => unlogged, drained };
}

function reserveBatch(asked: Asked): MicroBatch<ReserveRequest, Decision> {
  return microBatch<ReserveRequest, Decision>({
    batchMax: limits.reserveBatchMax,
    queueMax: limits.reserveQueueMax,
    defer: asked.clock.soon,
    run: (requests) => decide(asked, requests),
  });
}

/** Asks the bucket; those it has nothing for ask again after units were brought, as long as that
 * helps. */
async function decide(asked: Asked, requests: readonly ReserveRequest[]): Promise<Decision[]> {
  const decisions = await ask(asked, requests);
  if (!asked.others) return decisions;
  for (let open = soldOut(decisions); open.length > 0; open = soldOut(decisions)) {
    const wanting = open.map((at) => requests[at] as ReserveRequest);
    const again = await askOthers(asked, wanting);
    if (again === "sold-out") break;
    open.forEach((at, place) => {
      decisions[at] = again[place] as Decision;
    });
  }
  return decisions;
}

/** A failure here is that of the requests that wait for it: the others have their outcome. */
async function askOthers(
  asked: Asked,
  requests: readonly ReserveRequest[],
): Promise<Decision[] | "sold-out"> {
  try {
    const least = units(Math.min(...requests.map((request) => request.quantity)));
    const found = await refill(asked, asked.saleId, asked.bucket, least);
    if (found === "refilled") return await ask(asked, requests);
    if (found === "sold-out") return found;
    return requests.map(() => err(found === "contended" ? overloaded : notLoaded));
  } catch {
    return requests.map(() => err(unknown));
  }
}

async function ask(
  { saleId, applied, reserve }: Asked,
  requests: readonly ReserveRequest[],
): Promise<Decision[]> {
  const answer = await reserve(requests);
  if (!answer.ok) return requests.map(() => answer);
  applied(saleId, answer.value.version);
  return answer.value.outcomes.map((outcome) => ok(outcome));
}

function soldOut(decisions: readonly Decision[]): number[] {
  const places: number[] = [];
  decisions.forEach((decision, at) => {
    if (isSoldOut(decision)) places.push(at);
  });
  return places;
}

function isSoldOut(decision: Decision): boolean {
  return decision.ok && decision.value.kind === "sold-out";
}

const overloaded = { code: "overloaded" } as const;
const unknown = { code: "outcome-unknown" } as const;
const notLoaded: StockUnavailable = {
  code: "stock-unavailable",
  detail: "some of the sale's stock is not loaded",
};
