/** How the sales with a fallback are sold, as far as that was confirmed a moment ago. A process
 * that has not heard for longer sells nothing of them: it might sell from what others have left. */
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { SellingMode } from "../domain/sale.ts";
import type { Clock } from "../ports/clock.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";

export interface ConfirmedModes {
  /** Asks; call it every `modeRefreshMs`. Throws what the repository throws. */
  refresh(): Promise<void>;
  /** Null if it is not known, or not confirmed within `modeConfirmMs`. */
  of(saleId: SaleId): SellingMode | null;
}

interface ConfirmedModesDeps {
  readonly sales: Pick<SaleRepository, "modes">;
  readonly clock: Pick<Clock, "elapsed">;
}

export function confirmedModes({ sales, clock }: ConfirmedModesDeps): ConfirmedModes {
  let known: ReadonlyMap<SaleId, SellingMode> = new Map();
  let confirmedAt = Number.NEGATIVE_INFINITY;

  async function refresh(): Promise<void> {
    const askedAt = clock.elapsed();
    known = await sales.modes();
    confirmedAt = askedAt;
  }

  function of(saleId: SaleId): SellingMode | null {
    if (clock.elapsed() - confirmedAt > limits.modeConfirmMs) return null;
    return known.get(saleId) ?? null;
  }

  return { refresh, of };
}
