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
  /** `unknown`: nothing was confirmed within `modeConfirmMs`. `unlisted`: the sale has no fallback,
   * is very new, or was closed long ago. */
  of(saleId: SaleId): SellingMode | "unlisted" | "unknown";
  /** Whether some sale is sold from the ledger, as far as that was confirmed. */
  fromLedger(): boolean;
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
    known = await sales.modes(limits.controlAfterCloseMs);
    confirmedAt = askedAt;
  }

  const isOld = () => clock.elapsed() - confirmedAt > limits.modeConfirmMs;
  const of: ConfirmedModes["of"] = (saleId) =>
    isOld() ? "unknown" : (known.get(saleId) ?? "unlisted");
  const fromLedger = () => !isOld() && new Set(known.values()).has("ledger");

  return { refresh, of, fromLedger };
}
