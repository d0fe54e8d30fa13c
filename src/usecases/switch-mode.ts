/** Moves a sale from its stock to the ledger and back. Each way is fenced by an epoch of its own;
 * whoever is overtaken by a higher one changes nothing any more. What is cut off half-way leaves
 * the mode `switching`, in which nobody sells, and is done anew by the next one. How the sale was
 * sold is learnt from the step that stops it: what was read before may be out of date. */
import type { Epoch, LockToken } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import type { Sale, SellingMode } from "../domain/sale.ts";
import { present } from "../lib/assert.ts";
import { ok, type Result } from "../lib/result.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import {
  type LoadTokens,
  loadAgain,
  type Overtaken,
  pause,
  type RebuildDeps,
  rebuild,
} from "./warm-up.ts";

export interface SwitchModeDeps extends RebuildDeps {
  readonly orders: RebuildDeps["orders"] & Pick<OrderRepository, "switchTo">;
}

type Moved = Result<void, Overtaken>;

/** While the stock cannot be reached. It may still be there for others, so they are given time to
 * hear of the switch, and their appends to arrive; then all of the log is placed, and what comes
 * later is refused. `group` is the ledger's consumer group. */
export async function toLedger(
  deps: SwitchModeDeps,
  sale: Sale,
  group: string,
  controller?: LockToken,
): Promise<Moved> {
  const stopped = await stopSelling(deps, sale, controller);
  if (!stopped.ok) return stopped;
  const { epoch, before } = stopped.value;
  if (before !== "ledger") {
    await pause(deps.clock, limits.modeConfirmMs + limits.appendDeadlineMs);
    await deps.log.reached(group, await deps.log.end());
  }
  const fenced = await deps.orders.fence(sale.id, epoch);
  return fenced.ok ? sell(deps, sale, epoch, "ledger") : fenced;
}

/** Once the stock is back. What the ledger sold is placed as soon as it is sold, so no barrier is
 * needed; after a switch that was cut off, one is. */
export async function toStock(
  deps: SwitchModeDeps,
  sale: Sale,
  group: string,
  tokens: LoadTokens,
): Promise<Moved> {
  const stopped = await stopSelling(deps, sale, tokens.controller);
  if (!stopped.ok) return stopped;
  const [loaded] =
    stopped.value.before === "ledger"
      ? [await loadAgain(deps, sale, tokens)]
      : await rebuild(deps, [{ sale, tokens }], group);
  const epoch = present(loaded, "one sale has one load");
  return epoch.ok ? sell(deps, sale, epoch.value, "stock") : epoch;
}

interface Stopped {
  readonly epoch: Epoch;
  /** How the sale was sold. */
  readonly before: SellingMode;
}

async function stopSelling(
  { orders }: SwitchModeDeps,
  sale: Sale,
  controller?: LockToken,
): Promise<Result<Stopped, Overtaken>> {
  const epoch = await orders.nextEpoch(sale.id, controller);
  if (!epoch.ok) return epoch;
  const switched = await orders.switchTo(sale.id, epoch.value, "switching");
  return switched.ok ? ok({ epoch: epoch.value, before: switched.value }) : switched;
}

async function sell(
  { orders }: SwitchModeDeps,
  sale: Sale,
  epoch: Epoch,
  mode: SellingMode,
): Promise<Moved> {
  const switched = await orders.switchTo(sale.id, epoch, mode);
  return switched.ok ? ok(undefined) : switched;
}
