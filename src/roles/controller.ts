/** The controller role: cares for the sales that it holds, one holder each. It loads their stock
 * before they open and again where it was lost, writes their states down as time passes, appends
 * what was left behind, and compares their books. */
import { type Instant, instant, type SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { settingsOf } from "../domain/reservation.ts";
import type { Sale } from "../domain/sale.ts";
import type { Lease } from "../ports/lease.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { RateAdjuster } from "../ports/rate-limiter.ts";
import { type RateDecision, rateKeeper } from "../usecases/adapt-rates.ts";
import type { ChangeSaleDeps } from "../usecases/change-sale.ts";
import { fallBack } from "../usecases/fall-back.ts";
import { saleHolder } from "../usecases/hold-sales.ts";
import { stockMender } from "../usecases/mend-stock.ts";
import { type ReconcileReport, reconcile } from "../usecases/reconcile.ts";
import { sweep } from "../usecases/sweep.ts";
import { tendSales } from "../usecases/tend-sales.ts";
import { doChores } from "./chores.ts";
import { ordersGroup } from "./orders.ts";
import type { Role, RoleLog } from "./role.ts";

export type ControllerDeps = ChangeSaleDeps & {
  readonly log: Pick<OrderLog, "append" | "lag" | "end" | "reached" | "trim">;
  readonly lease: Pick<Lease, "acquire" | "list">;
  readonly limiter: RateAdjuster;
  /** Why the stock cannot be reached just now, or null. */
  readonly stockFailure: () => string | null;
  /** Names this process among the controllers. */
  readonly instance: string;
  readonly told: ControllerNews;
  readonly logger: RoleLog;
};

/** What the metrics hear. */
export interface ControllerNews {
  /** Reservations that were appended again. */
  swept(orders: number): void;
  /** Sales whose stock was loaded anew. */
  rebuilt(sales: number): void;
  /** Writes of ours that were refused because another controller has taken over. */
  overtaken(sales: number): void;
  /** Orders and transfers that were mended without a load. */
  mended(count: number): void;
  /** Sales whose books did not add up. */
  uneven(sales: number): void;
  /** Sales that this process holds. */
  holding(sales: number): void;
  /** The rates of the adaptive sales that this process holds, and which it lowered just now. */
  adapted(rates: readonly RateDecision[]): void;
}

export function controllerRole(deps: ControllerDeps): Role {
  const { clock, logger } = deps;
  const holder = saleHolder(deps);
  const care = caring(deps, holder);
  const chores = doChores(
    [
      { name: "follow", everyMs: limits.controllerFollowMs, work: care.follow },
      { name: "tend", everyMs: limits.controllerTickMs, work: care.tend },
      { name: "sweep", everyMs: limits.controllerTickMs, work: care.sweepUp },
      { name: "mend", everyMs: limits.controllerFollowMs, work: care.mend },
      { name: "fall back", everyMs: limits.controllerFollowMs, work: care.fallBack },
      { name: "reconcile", everyMs: limits.controllerFollowMs, work: care.reconcileDue },
      { name: "adapt", everyMs: limits.adaptEveryMs, work: care.adapt },
      { name: "trim", everyMs: limits.controllerFollowMs, work: care.trim },
    ],
    clock,
    logger,
  );

  /** Locks pass on at once, and only after what was done under them has ended. */
  async function stop(): Promise<void> {
    await chores.stop();
    await holder.stop();
  }

  return { name: "controller", start: async () => chores.start(), stop };
}

function caring(deps: ControllerDeps, holder: ReturnType<typeof saleHolder>) {
  const { clock, logger, told } = deps;
  const { control } = holder;
  const mender = stockMender(deps, ordersGroup);
  const mover = fallBack(deps, ordersGroup);
  const books = comparing(deps, mender.distrust);
  const keeper = rateKeeper(deps, ordersGroup);
  let sales: readonly Sale[] = [];
  const held = () => sales.filter(({ id }) => control(id).kind === "holds");

  /** Before the locks, which may be away: what is known is cared for in any case. */
  async function follow(): Promise<void> {
    const now = clock.now();
    const loaded = await deps.sales.loaded(instant(now - limits.controlAfterCloseMs));
    const due = await deps.sales.due(instant(now + limits.warmUpLeadMs), now);
    sales = [...new Map([...loaded, ...due].map((sale) => [sale.id, sale])).values()];
    await holder.follow(sales.map(({ id }) => id)).finally(() => told.holding(held().length));
  }

  async function tend(): Promise<void> {
    const tended = await tendSales(deps, control);
    if (tended.warmed + tended.opened + tended.closed > 0) logger.info(tended, "tended sales");
  }

  async function sweepUp(): Promise<void> {
    const ours = sales.filter(({ id }) => control(id).kind !== "none");
    const ids = ours.map(({ id }) => id);
    const swept = await sweep(deps, ordersGroup, ids);
    if (swept > 0) logger.info({ orders: swept }, "appended overdue orders again");
    told.swept(swept);
  }

  async function mend(): Promise<void> {
    const { loaded, overtaken } = await mender.mend(held().filter(isLoaded), control);
    if (loaded.length > 0) logger.warn({ sales: loaded }, "loaded lost stock anew");
    if (overtaken.length > 0) logger.warn({ sales: overtaken }, "another controller took over");
    told.rebuilt(loaded.length);
    told.overtaken(overtaken.length);
  }

  async function moveDue(): Promise<void> {
    const { toLedger, toStock, overtaken } = await mover.follow(held(), control);
    if (toLedger.length > 0) logger.warn({ sales: toLedger }, "sold from the ledger from now on");
    if (toStock.length > 0) logger.warn({ sales: toStock }, "sold from their stock again");
    told.overtaken(overtaken.length);
  }

  async function adapt(): Promise<void> {
    const rates = await keeper.keep(held());
    told.adapted(rates);
    for (const { turned, ...rate } of rates) {
      if (turned === "from-ceiling") logger.warn(rate, "lowered a sale's rate for its back end");
      if (turned === "to-ceiling") logger.info(rate, "a sale's rate is back at its ceiling");
    }
  }

  const trim = async () => void (await deps.log.trim(instant(clock.now() - limits.logRetentionMs)));
  const reconcileDue = () => books.compareDue(soldFromStock(held()));
  return { follow, tend, sweepUp, mend, fallBack: moveDue, reconcileDue, adapt, trim };
}

/** Compares the books of each sale now and then. A sale is loaded anew only if they were off by the
 * same number twice in a row: between two writes they may be off for a while, as when the stock
 * could not be told of an order. */
function comparing(deps: ControllerDeps, distrust: (saleId: SaleId) => void) {
  const { clock, logger, told } = deps;
  const comparedAt = new Map<SaleId, Instant>();
  const offBy = new Map<SaleId, number>();

  async function compareDue(sales: readonly Sale[]): Promise<void> {
    const ids = new Set(sales.map(({ id }) => id));
    for (const known of [comparedAt, offBy]) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    }
    const now = clock.now();
    const due = sales.filter(
      ({ id }) => now - (comparedAt.get(id) ?? 0) >= limits.reconcileEveryMs,
    );
    for (const sale of due) {
      comparedAt.set(sale.id, now);
      // A change of settings may have crossed a load; the stock takes what is newer.
      await deps.stock.configure(sale.id, settingsOf(sale));
      heed(sale.id, await reconcile(deps, sale.id));
    }
  }

  function heed(saleId: SaleId, report: ReconcileReport): void {
    const { books, settled, transfers, surplus } = report;
    if (settled + transfers > 0)
      logger.warn({ saleId, settled, transfers }, "mended a sale's stock");
    told.mended(settled + transfers);
    const again = books === "uneven" && offBy.get(saleId) === surplus;
    if (books === "uneven" && !again) offBy.set(saleId, surplus);
    else offBy.delete(saleId);
    if (!again) return;
    logger.error({ saleId, surplus }, "a sale's stock does not add up; loading it anew");
    told.uneven(1);
    distrust(saleId);
  }

  return { compareDue };
}

/** A sale that is always sold from the ledger is loaded in so far as it has an epoch. */
const isLoaded = ({ mode, strategy }: Sale) => mode === "stock" || strategy === "database";
const soldFromStock = (sales: readonly Sale[]) => sales.filter(({ mode }) => mode === "stock");
