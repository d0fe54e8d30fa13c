/** Loads stock anew where it was lost, or where its numbers turned out to be wrong, as whoever
 * holds the sale. A sale that is sold under a lock is loaded under that lock, too, so that nobody
 * who held it before goes on. */
import type { Instant, SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Sale } from "../domain/sale.ts";
import { inParallel } from "../lib/in-parallel.ts";
import type { Held, Lease } from "../ports/lease.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";
import type { Control } from "./hold-sales.ts";
import { stockLock } from "./locked-stock.ts";
import { type RebuildDeps, rebuild, type ToLoad, warmUp } from "./warm-up.ts";

export interface MendStockDeps extends RebuildDeps {
  readonly orders: RebuildDeps["orders"] & Pick<OrderRepository, "ledger">;
  readonly stock: RebuildDeps["stock"] & Pick<StockStore, "level">;
  readonly lease: Pick<Lease, "acquire">;
}

export interface MendReport {
  readonly loaded: readonly SaleId[];
  /** Somebody with a higher token or epoch was there first: this controller is not it any more. */
  readonly overtaken: readonly SaleId[];
}

export interface StockMender {
  /** Looks at the stock of these sales, and loads what is missing. Sales of which nothing can be
   * told, because their store does not answer, are left alone. */
  mend(sales: readonly Sale[], control: (saleId: SaleId) => Control): Promise<MendReport>;
  /** The next `mend` loads this sale, whatever it sees. */
  distrust(saleId: SaleId): void;
}

/** `group` is the ledger's consumer group. */
export function stockMender(deps: MendStockDeps, group: string): StockMender {
  const missingSince = new Map<SaleId, Instant>();
  const distrusted = new Set<SaleId>();

  async function mend(
    sales: readonly Sale[],
    control: (saleId: SaleId) => Control,
  ): Promise<MendReport> {
    const lost = await inParallel(sales, limits.loadsAtOnce, async (sale) =>
      (await isLost(sale)) ? [sale] : [],
    );
    const toLoad = lost.flat().flatMap((sale) => {
      const now = control(sale.id);
      return now.kind === "holds" ? [{ sale, tokens: { controller: now.token } }] : [];
    });
    return toLoad.length === 0 ? nothing : load(toLoad);
  }

  /** For longer than a load takes that somebody else may be at. */
  async function isLost({ id }: Sale): Promise<boolean> {
    if (distrusted.has(id)) return true;
    const there = await deps.stock.level(id).then(
      (level) => level !== null,
      () => true,
    );
    if (there) missingSince.delete(id);
    if (there) return false;
    const now = deps.clock.now();
    const since = missingSince.get(id) ?? now;
    missingSince.set(id, since);
    return now - since >= limits.stockMissingMs;
  }

  async function load(sales: readonly ToLoad[]): Promise<MendReport> {
    const report = await loadUnderLocks(deps, sales, group);
    for (const id of [...report.loaded, ...report.overtaken]) forget(id);
    return report;
  }

  function forget(id: SaleId): void {
    missingSince.delete(id);
    distrusted.delete(id);
  }

  return { mend, distrust: (id) => void distrusted.add(id) };
}

async function loadUnderLocks(
  deps: MendStockDeps,
  sales: readonly ToLoad[],
  group: string,
): Promise<MendReport> {
  const locks: Held[] = [];
  try {
    const lockable = await inParallel(sales, limits.loadsAtOnce, (one) =>
      underLock(deps, one, locks),
    );
    const ready = lockable.flat();
    const again = await inParallel(ready, limits.loadsAtOnce, async (one) =>
      (await isNew(deps, one)) && (await warmUp(deps, one.sale, one.tokens)) ? [] : [one],
    );
    const results = await rebuild(deps, again.flat(), group);
    const failed = new Set(again.flat().filter((_, at) => results[at]?.ok === false));
    const idsOf = (some: readonly ToLoad[]) => some.map(({ sale }) => sale.id);
    const loaded = idsOf(ready.filter((one) => !failed.has(one)));
    return { loaded, overtaken: idsOf([...failed]) };
  } finally {
    await Promise.all(locks.map((lock) => lock.release()));
  }
}

/** None if the lock is not to be had just now. */
async function underLock(
  { lease }: MendStockDeps,
  { sale, tokens }: ToLoad,
  locks: Held[],
): Promise<ToLoad[]> {
  if (sale.strategy !== "locked") return [{ sale, tokens }];
  const { productId: about } = sale;
  const timeoutMs = limits.appendDeadlineMs;
  const lock = await lease.acquire(stockLock(sale.id), { about, timeoutMs });
  if (!lock.ok) return [];
  locks.push(lock.value);
  return [{ sale, tokens: { ...tokens, stock: lock.value.token } }];
}

async function isNew({ orders }: MendStockDeps, { sale }: ToLoad): Promise<boolean> {
  return (await orders.ledger(sale.id))?.epoch === 0;
}

const nothing: MendReport = { loaded: [], overtaken: [] };
