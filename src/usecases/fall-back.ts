/** Decides when a sale with a fallback is sold from the ledger: while its stock has been away for a
 * while, until it has been back for a while. */
import type { SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Sale, SellingMode } from "../domain/sale.ts";
import { allDone } from "../lib/all-done.ts";
import type { Lease } from "../ports/lease.ts";
import type { Control } from "./hold-sales.ts";
import { stockLock } from "./locked-stock.ts";
import { type SwitchModeDeps, toLedger, toStock } from "./switch-mode.ts";

export interface FallBackDeps extends SwitchModeDeps {
  readonly lease: Pick<Lease, "acquire">;
  /** Why the stock cannot be reached just now, or null. */
  readonly stockFailure: () => string | null;
}

export interface FallBackReport {
  readonly toLedger: readonly SaleId[];
  readonly toStock: readonly SaleId[];
  /** Another controller was there first. */
  readonly overtaken: readonly SaleId[];
}

export interface FallBack {
  /** Moves those of the sales that are to be moved; call it every now and then. */
  follow(sales: readonly Sale[], control: (saleId: SaleId) => Control): Promise<FallBackReport>;
}

/** `group` is the ledger's consumer group. */
export function fallBack(deps: FallBackDeps, group: string): FallBack {
  let away = false;
  let since = deps.clock.elapsed();

  /** How the stock is, once that has been so for a while; null before. */
  function lastingly(): "away" | "there" | null {
    const now = deps.clock.elapsed();
    const failing = deps.stockFailure() !== null;
    if (failing !== away) since = now;
    away = failing;
    if (now - since < limits.fallBackAfterMs) return null;
    return away ? "away" : "there";
  }

  const follow: FallBack["follow"] = async (sales, control) => {
    const report = { toLedger: [] as SaleId[], toStock: [] as SaleId[], overtaken: [] as SaleId[] };
    const stock = lastingly();
    if (stock === null) return report;
    const right: SellingMode = stock === "away" ? "ledger" : "stock";
    const toMove = sales.filter((sale) => isToMove(sale, right));
    const moves = toMove.map(async ({ id }) => {
      const now = control(id);
      // The list may be older than the last move.
      const sale = now.kind === "holds" ? await deps.sales.byId(id) : null;
      if (now.kind !== "holds" || sale === null || !isToMove(sale, right)) return;
      const moved =
        right === "ledger"
          ? await toLedger(deps, sale, group, now.token)
          : await back(sale, now.token);
      const list = right === "ledger" ? report.toLedger : report.toStock;
      if (moved !== null) (moved.ok ? list : report.overtaken).push(id);
    });
    await allDone(moves);
    return report;
  };

  /** Null if the sale's own lock is not to be had just now. */
  async function back(sale: Sale, controller: (Control & { kind: "holds" })["token"]) {
    if (sale.strategy !== "locked") return toStock(deps, sale, group, { controller });
    const { productId: about } = sale;
    const timeoutMs = limits.appendDeadlineMs;
    const lock = await deps.lease.acquire(stockLock(sale.id), { about, timeoutMs });
    if (!lock.ok) return null;
    try {
      return await toStock(deps, sale, group, { controller, stock: lock.value.token });
    } finally {
      await lock.value.release();
    }
  }

  return { follow };
}

function isToMove({ fallback, strategy, mode }: Sale, right: SellingMode): boolean {
  return fallback !== null && strategy !== "database" && mode !== right;
}
