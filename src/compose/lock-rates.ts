/** What turns at a lock gain: units taken per second out of one sale's stock with a lock for every
 * request, as systems do that do not batch, and with the lock kept for a turn. For the bench;
 * nothing of it reaches the order log, and all of it is given back. */
import { type BuyerId, type RequestKey, units } from "../domain/ids.ts";
import type { Reservation, ReserveOutcome, ReserveRequest } from "../domain/reservation.ts";
import type { Sale } from "../domain/sale.ts";
import type { Clock } from "../ports/clock.ts";
import type { Lease } from "../ports/lease.ts";
import type { StockStore } from "../ports/stock-store.ts";
import { stockLock } from "../usecases/locked-stock.ts";
import { purchaseBatches } from "../usecases/purchase-batches.ts";

export interface LockRatesDeps {
  readonly lease: Pick<Lease, "acquire" | "list">;
  readonly stock: StockStore;
  readonly clock: Clock;
}

export interface LockRatesPlan {
  /** Requests that wait at a time. */
  readonly lanes: number;
  /** For each of the rates. */
  readonly seconds: number;
}

/** Units per second. */
export interface LockRates {
  /** A lock for each request, one request after the other. */
  readonly alone: number;
  /** A lock for each request, `lanes` requests in the queue. */
  readonly queued: number;
  /** The lock kept for a turn, `lanes` requests at a time. */
  readonly inTurns: number;
}

/** Throws if a unit could not be taken. */
export async function measureLockRates(
  deps: LockRatesDeps,
  sale: Sale,
  { lanes, seconds }: LockRatesPlan,
): Promise<LockRates> {
  const { stock, lease } = deps;
  const applied = () => undefined;
  const log = { append: () => Promise.reject(new Error("nothing is appended here")) };
  const batches = purchaseBatches({ ...deps, log, applied });

  async function underItsOwnLock(request: ReserveRequest): Promise<ReserveOutcome | undefined> {
    const lock = await lease.acquire(stockLock(sale.id), { about: sale.productId });
    if (!lock.ok) return undefined;
    const answer = await stock.reserve(sale.id, 0, [request], lock.value.token);
    await lock.value.release();
    return answer.ok ? answer.value.outcomes[0] : undefined;
  }

  async function inATurn(request: ReserveRequest): Promise<ReserveOutcome | undefined> {
    const decision = await batches.reserve(sale, request);
    return decision.ok ? decision.value : undefined;
  }

  async function rateOf(take: Take, plan: LockRatesPlan): Promise<number> {
    const { perSecond, orders } = await takeMany(take, plan);
    await stock.release(orders, true);
    return perSecond;
  }

  const alone = await rateOf(underItsOwnLock, { lanes: 1, seconds });
  const queued = await rateOf(underItsOwnLock, { lanes, seconds });
  return { alone, queued, inTurns: await rateOf(inATurn, { lanes, seconds }) };
}

type Take = (request: ReserveRequest) => Promise<ReserveOutcome | undefined>;

/** Ends early if more are pending than a sale may have. */
async function takeMany(take: Take, { lanes, seconds }: LockRatesPlan) {
  const run = crypto.randomUUID();
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1_000;
  const orders: Reservation[] = [];
  let asked = 0;
  const lane = async () => {
    while (performance.now() < endAt) {
      asked += 1;
      const outcome = await take(requestOf(`${run}-${asked}`));
      if (outcome?.kind === "pending-full") return;
      if (outcome?.kind !== "reserved") throw new Error(`nothing was taken: ${outcome?.kind}`);
      orders.push(outcome.order);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { perSecond: (orders.length * 1_000) / (performance.now() - startedAt), orders };
}

function requestOf(name: string): ReserveRequest {
  const requestKey = name as RequestKey;
  return { buyerId: name as BuyerId, requestKey, fingerprint: "q1", quantity: units(1) };
}
