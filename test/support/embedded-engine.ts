/** The use cases over the real embedded adapters in a directory of their own, with a clock that a
 *  test moves, without HTTP and without roles: a test says when the log is consumed. */
import { openDataDirectory } from "../../src/adapters/embedded/data-directory.ts";
import { embeddedOrderLog } from "../../src/adapters/embedded/order-log.ts";
import { embeddedStores } from "../../src/compose/embedded.ts";
import { type BuyerId, instant, type RequestKey, units } from "../../src/domain/ids.ts";
import type { Sale, SaleTerms } from "../../src/domain/sale.ts";
import type { Lease } from "../../src/ports/lease.ts";
import type { OrderLog } from "../../src/ports/order-log.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { actOnSale, createSale } from "../../src/usecases/change-sale.ts";
import { placeOrders } from "../../src/usecases/place-orders.ts";
import { type PurchaseDeps, purchase } from "../../src/usecases/purchase.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { recover } from "../../src/usecases/recover.ts";
import { sweep } from "../../src/usecases/sweep.ts";
import { terms, virtualClock } from "./builders.ts";
import { tempDir } from "./temp-dir.ts";

export type EmbeddedEngine = Awaited<ReturnType<typeof embeddedEngine>>;

export interface Buy {
  readonly buyer?: string;
  readonly key?: string;
  readonly quantity?: number;
}

export async function embeddedEngine(startMs = 1_800_000_000_000) {
  const path = tempDir();
  const clock = virtualClock(startMs);
  let directory = openDataDirectory(path);
  let deps = embeddedStores(directory.database, clock);

  /** A purchase; `over` replaces ports, as a fault would. */
  function buy(sale: Sale, parts: Buy = {}, over: Faults = {}) {
    const quantity = parts.quantity ?? 1;
    return purchase(faulty(deps, over), {
      sale,
      buyerId: (parts.buyer ?? "a") as BuyerId,
      requestKey: (parts.key ?? "k") as RequestKey,
      fingerprint: `q${quantity}`,
      quantity: units(quantity),
    });
  }

  /** Places everything that is in the log; resolves with the ledger's results in sum. */
  async function consume(): Promise<void> {
    const { log } = deps;
    const handler = (batch: Parameters<typeof placeOrders>[1]) => placeOrders(deps, batch);
    const subscription = log.subscribe(ordersGroup, 500, async (batch) => {
      await handler(batch);
    });
    await log.reached(ordersGroup, await log.end());
    await subscription.stop();
  }

  const sweepOnce = async () => {
    const ids = (await deps.sales.loaded(instant(0))).map(({ id }) => id);
    return sweep(deps, ordersGroup, ids);
  };

  /** The order log as a new process finds it, with the stock as it was. */
  async function restartKeepingStock(): Promise<void> {
    deps = { ...deps, log: embeddedOrderLog(directory.database, clock) };
  }

  /** What a new process does on the same directory. */
  async function restart() {
    await directory.close();
    directory = openDataDirectory(path);
    deps = embeddedStores(directory.database, clock);
    const subscription = deps.log.subscribe(ordersGroup, 500, async (batch) => {
      await placeOrders(deps, batch);
    });
    const report = await recover(deps, ordersGroup);
    await subscription.stop();
    return report;
  }

  return {
    path,
    clock,
    openSale: (over: Partial<SaleTerms> = {}) => openSale(deps, over),
    buy,
    consume,
    restart,
    restartKeepingStock,
    sweep: sweepOnce,
    close: () => deps.batches.drained().then(() => directory.close()),
    get deps() {
      return deps;
    },
    get sql() {
      return directory.database.sql;
    },
  };
}

export interface Faults {
  readonly stock?: Partial<StockStore>;
  readonly log?: Partial<OrderLog>;
  readonly lease?: Partial<Lease>;
}

type Deps = ReturnType<typeof embeddedStores>;

async function openSale(deps: Deps, over: Partial<SaleTerms>): Promise<Sale> {
  const created = await createSale(deps, terms(over));
  if (!created.ok) throw new Error(created.error.detail);
  const opened = await actOnSale(deps, created.value.id, "open");
  if (!opened.ok) throw new Error(opened.error.detail);
  return opened.value;
}

function faulty(deps: Deps, over: Faults): PurchaseDeps {
  if (over.stock === undefined && over.log === undefined && over.lease === undefined) return deps;
  const stock = { ...deps.stock, ...over.stock };
  const log = { ...deps.log, ...over.log };
  const lease = { ...deps.lease, ...over.lease };
  const { clock } = deps;
  const { applied } = deps.directory;
  return { batches: purchaseBatches({ stock, log, lease, clock, applied }), clock };
}
