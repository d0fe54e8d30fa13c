/** Loads a sale's stock from the ledger under a new epoch: the first time before it opens, and
 * again whenever the stock was lost. An order accepted under an older epoch must be placed before
 * the ledger is read, or its units would be sold twice and the order refused; hence the
 * barriers. */
import type { Epoch, Instant, LockToken, SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { settingsOf } from "../domain/reservation.ts";
import { type Sale, stateAt } from "../domain/sale.ts";
import { present } from "../lib/assert.ts";
import { inParallel } from "../lib/in-parallel.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { Fenced, OrderRepository } from "../ports/order-repository.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";

export interface WarmUpDeps {
  readonly orders: Pick<OrderRepository, "firstEpoch" | "nextEpoch" | "fence" | "held">;
  readonly stock: Pick<StockStore, "seal" | "load">;
  readonly sales: Pick<SaleRepository, "byId">;
}

export interface RebuildDeps extends WarmUpDeps {
  readonly log: Pick<OrderLog, "end" | "reached">;
  readonly clock: Clock;
}

/** Somebody else loads this sale, under a higher epoch, or holds one of its locks. */
export type Overtaken = "stale-epoch" | "stale-token";

/** With which locks a sale is loaded: what came later refuses what came before. */
export interface LoadTokens {
  /** Of whoever controls the sale; left out, nobody is asked. */
  readonly controller?: LockToken;
  /** Of the lock under which it is sold, where there is one. */
  readonly stock?: LockToken;
}

/** The first load of a sale, which needs no barrier: nothing was ever sold. False if the sale has
 * been loaded before, or is being loaded by somebody else. */
export async function warmUp(
  deps: WarmUpDeps,
  sale: Sale,
  { stock }: LoadTokens = {},
): Promise<boolean> {
  const fenced = await deps.orders.firstEpoch(sale.id);
  if (fenced === null) return false;
  const sealed = await deps.stock.seal(sale.id, sale.buckets, fenced.epoch, stock);
  return sealed.ok && (await load(deps, sale.id, fenced)).ok;
}

/** A sale to load, and under which locks. */
export interface ToLoad {
  readonly sale: Sale;
  readonly tokens: LoadTokens;
}

/** Loads sales anew while others may be selling them, all behind the same barriers. Nobody sells
 * them from the seal to the end of the load. The steps: no reservation under an older epoch any
 * more; every append that was under way is given up or in the log; all of the log is placed; what
 * comes later is refused; the ledger is read. `group` is the ledger's consumer group, which must be
 * running somewhere. One result a sale, in their order. */
export async function rebuild(
  deps: RebuildDeps,
  sales: readonly ToLoad[],
  group: string,
): Promise<Result<Epoch, Overtaken>[]> {
  const sealed = await inParallel(sales, limits.loadsAtOnce, ({ sale, tokens }) =>
    seal(deps, sale, tokens),
  );
  if (sealed.every((seal) => !seal.ok)) return sealed;
  await pause(deps.clock, limits.appendDeadlineMs);
  await deps.log.reached(group, await deps.log.end());
  const loads = sales.map(({ sale }, at) => ({ sale, seal: present(sealed[at], "a seal a sale") }));
  return inParallel(loads, limits.loadsAtOnce, async ({ sale, seal }) =>
    seal.ok ? reload(deps, sale.id, seal.value) : seal,
  );
}

/** Loads a sale that nobody can be selling, after the log was drained. */
export async function loadAgain(
  deps: WarmUpDeps,
  sale: Sale,
  tokens: LoadTokens = {},
): Promise<Result<Epoch, Overtaken>> {
  const sealed = await seal(deps, sale, tokens);
  return sealed.ok ? reload(deps, sale.id, sealed.value) : sealed;
}

/** Stops the sale under the next epoch. */
async function seal(
  deps: WarmUpDeps,
  sale: Sale,
  tokens: LoadTokens,
): Promise<Result<Epoch, Overtaken>> {
  const epoch = await deps.orders.nextEpoch(sale.id, tokens.controller);
  if (!epoch.ok) return epoch;
  const sealed = await deps.stock.seal(sale.id, sale.buckets, epoch.value, tokens.stock);
  return sealed.ok ? epoch : sealed;
}

async function reload(
  deps: WarmUpDeps,
  saleId: SaleId,
  epoch: Epoch,
): Promise<Result<Epoch, Overtaken>> {
  const fenced = await deps.orders.fence(saleId, epoch);
  return fenced.ok ? load(deps, saleId, fenced.value) : fenced;
}

/** With the sale as it is since it was sealed: a change that comes later finds the seal, and waits
 * there for the load. */
async function load(
  deps: WarmUpDeps,
  saleId: SaleId,
  { epoch, snapshot }: Fenced,
): Promise<Result<Epoch, Overtaken>> {
  const sale = present(await deps.sales.byId(saleId), `sale ${saleId} vanished`);
  const held = deps.orders.held(sale.id, epoch);
  const loaded = await deps.stock.load(sale.id, epoch, settingsOf(sale), snapshot, held);
  return loaded.ok ? ok(epoch) : err(loaded.error);
}

export function warmUpIsDue(sale: Sale, now: Instant): boolean {
  if (stateAt(sale, now) !== "scheduled") return true;
  return sale.startsAt !== null && sale.startsAt - now <= limits.warmUpLeadMs;
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
