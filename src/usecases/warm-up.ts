/** Loads a sale's stock from the ledger under a new epoch: the first time before it opens, and
 * again whenever the stock was lost. An order accepted under an older epoch must be placed before
 * the ledger is read, or its units would be sold twice and the order refused; hence the
 * barriers. */
import type { Epoch, Instant } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { settingsOf } from "../domain/reservation.ts";
import { type Sale, stateAt } from "../domain/sale.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { Fenced, OrderRepository } from "../ports/order-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface WarmUpDeps {
  readonly orders: Pick<OrderRepository, "firstEpoch" | "nextEpoch" | "fence" | "held">;
  readonly stock: Pick<StockStore, "seal" | "load">;
}

export interface RebuildDeps extends WarmUpDeps {
  readonly log: Pick<OrderLog, "end" | "reached">;
  readonly clock: Clock;
}

/** Somebody else loads this sale, under a higher epoch. */
export type Overtaken = "stale-epoch";

/** The first load of a sale, which needs no barrier: nothing was ever sold. False if the sale has
 * been loaded before, or is being loaded by somebody else. */
export async function warmUp(deps: WarmUpDeps, sale: Sale): Promise<boolean> {
  const fenced = await deps.orders.firstEpoch(sale.id);
  if (fenced === null) return false;
  const sealed = await deps.stock.seal(sale.id, sale.buckets, fenced.epoch);
  return sealed.ok && (await load(deps, sale, fenced)).ok;
}

/** Loads a sale anew while others may be selling it. Nobody sells from the seal to the end of
 * the load. The steps: no reservation under an older epoch any more; every append that was under
 * way is given up or in the log; all of the log is placed; what comes later is refused; the ledger
 * is read. `group` is the ledger's consumer group, which must be running somewhere. */
export async function rebuild(
  deps: RebuildDeps,
  sale: Sale,
  group: string,
): Promise<Result<Epoch, Overtaken>> {
  const epoch = await deps.orders.nextEpoch(sale.id);
  const sealed = await deps.stock.seal(sale.id, sale.buckets, epoch);
  if (!sealed.ok) return sealed;
  await pause(deps.clock, limits.appendDeadlineMs);
  await deps.log.reached(group, await deps.log.end());
  return reload(deps, sale, epoch);
}

/** Loads a sale that nobody can be selling, after the log was drained. */
export async function loadAgain(deps: WarmUpDeps, sale: Sale): Promise<Result<Epoch, Overtaken>> {
  const epoch = await deps.orders.nextEpoch(sale.id);
  const sealed = await deps.stock.seal(sale.id, sale.buckets, epoch);
  return sealed.ok ? reload(deps, sale, epoch) : sealed;
}

async function reload(
  deps: WarmUpDeps,
  sale: Sale,
  epoch: Epoch,
): Promise<Result<Epoch, Overtaken>> {
  const fenced = await deps.orders.fence(sale.id, epoch);
  return fenced.ok ? load(deps, sale, fenced.value) : fenced;
}

async function load(
  deps: WarmUpDeps,
  sale: Sale,
  { epoch, snapshot }: Fenced,
): Promise<Result<Epoch, Overtaken>> {
  const held = deps.orders.held(sale.id, epoch);
  const loaded = await deps.stock.load(sale.id, epoch, settingsOf(sale), snapshot, held);
  return loaded.ok ? ok(epoch) : err(loaded.error);
}

export function warmUpIsDue(sale: Sale, now: Instant): boolean {
  if (stateAt(sale, now) !== "scheduled") return true;
  return sale.startsAt !== null && sale.startsAt - now <= limits.warmUpLeadMs;
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
