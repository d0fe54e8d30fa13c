/** Takes units of a sale of the strategy `locked`: only while this process holds the sale's lock,
 * whose token goes along. The stock refuses a token that is lower than one it has seen; then
 * nothing was taken, and the same requests are decided anew under a new lock. */
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { ReserveRequest } from "../domain/reservation.ts";
import type { Sale } from "../domain/sale.ts";
import { err, type Result } from "../lib/result.ts";
import type { Reserved, StaleToken, StockStore, StockUnavailable } from "../ports/stock-store.ts";
import { type LockTurns, type LockTurnsDeps, lockTurns, type TurnCounts } from "./lock-turns.ts";

export interface LockedStockDeps extends LockTurnsDeps {
  readonly stock: Pick<StockStore, "reserve">;
}

export interface LockedStockCounts extends TurnCounts {
  /** Requests that were decided under a lock. */
  decided: number;
  /** Batches that the stock refused, because somebody had held the lock since. */
  stale: number;
}

export interface LockedStock {
  /** Like the stock's own, under the lock; all buckets of a sale share a turn. */
  reserve(
    sale: Sale,
    bucket: number,
    requests: readonly ReserveRequest[],
  ): Promise<Result<Reserved, StockUnavailable | StaleToken>>;
  counts(): Readonly<LockedStockCounts>;
}

/** The lock under which a sale of the strategy `locked` is sold. */
export function stockLock(saleId: SaleId): string {
  return `stock/${saleId}`;
}

export function lockedStock(deps: LockedStockDeps): LockedStock {
  const counts: LockedStockCounts = { turns: 0, waitedMs: 0, heldMs: 0, decided: 0, stale: 0 };
  const bySale = new Map<SaleId, LockTurns>();

  function turnsOf({ id, productId: about }: Sale): LockTurns {
    const known = bySale.get(id);
    if (known !== undefined) return known;
    const turns = lockTurns(deps, { name: stockLock(id), about }, counts);
    bySale.set(id, turns);
    return turns;
  }

  const reserve: LockedStock["reserve"] = async (sale, bucket, requests) => {
    const startedAt = deps.clock.elapsed();
    for (let tries = 1; ; tries += 1) {
      const turn = await turnsOf(sale).join();
      if (!turn.ok) return err({ code: "stock-unavailable", detail: turn.error });
      const { token, leave } = turn.value;
      const answer = await deps.stock.reserve(sale.id, bucket, requests, token).finally(leave);
      if (answer.ok) counts.decided += requests.length;
      if (answer.ok || answer.error.code !== "stale-token") return answer;
      counts.stale += 1;
      turn.value.forsake();
      const isLate = deps.clock.elapsed() - startedAt >= limits.lockWaitMs;
      if (isLate || tries === limits.lockTriesMax) return answer;
    }
  };

  return { reserve, counts: () => counts };
}
