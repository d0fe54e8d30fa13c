/** What turns at a lock save: sells one unit under a lock of its own for every request, as systems
 * do that do not batch. For comparison in the bench; its reservations are never appended. */
import type { BuyerId, RequestKey, SaleId } from "../domain/ids.ts";
import { units } from "../domain/ids.ts";
import type { ReserveRequest } from "../domain/reservation.ts";
import type { Lease } from "../ports/lease.ts";
import type { StockStore } from "../ports/stock-store.ts";
import { stockLock } from "../usecases/locked-stock.ts";

export interface LockEachDeps {
  readonly lease: Pick<Lease, "acquire">;
  readonly stock: Pick<StockStore, "reserve">;
}

export interface LockEachPlan {
  /** Requests that wait for the lock at a time. */
  readonly lanes: number;
  readonly seconds: number;
}

/** Units sold per second. Throws if a unit could not be taken. */
export async function lockEachRequest(
  { lease, stock }: LockEachDeps,
  saleId: SaleId,
  { lanes, seconds }: LockEachPlan,
): Promise<number> {
  const run = crypto.randomUUID();
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1_000;
  let [asked, sold] = [0, 0];

  async function sellOne(): Promise<void> {
    const lock = await lease.acquire(stockLock(saleId));
    if (!lock.ok) throw new Error(`no lock: ${lock.error}`);
    const { token, release } = lock.value;
    asked += 1;
    const bought = await stock.reserve(saleId, 0, [requestOf(`${run}-${asked}`)], token);
    await release();
    if (!bought.ok || bought.value.outcomes[0]?.kind !== "reserved") {
      throw new Error(`nothing was sold: ${JSON.stringify(bought)}`);
    }
    sold += 1;
  }

  const lane = async () => {
    while (performance.now() < endAt) await sellOne();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (sold * 1_000) / (performance.now() - startedAt);
}

function requestOf(name: string): ReserveRequest {
  const requestKey = name as RequestKey;
  return { buyerId: name as BuyerId, requestKey, fingerprint: "q1", quantity: units(1) };
}
