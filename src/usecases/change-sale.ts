/** Creates and changes sales. The repository first, because it is the truth; then the stock, by
 * version, so that two changes that cross end as the repository has them. */
import type { SaleId } from "../domain/ids.ts";
import { settingsOf } from "../domain/reservation.ts";
import {
  act,
  amend,
  rateClash,
  type Sale,
  type SaleAction,
  type SaleChange,
  type SaleRefusal,
  type SaleTerms,
  stateAt,
  windowClash,
} from "../domain/sale.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";
import type { SaleDirectory } from "./sale-directory.ts";
import { warmUp, warmUpIsDue } from "./warm-up.ts";

export interface ChangeSaleDeps {
  readonly sales: SaleRepository;
  readonly orders: OrderRepository;
  readonly stock: StockStore;
  readonly directory: SaleDirectory;
  readonly clock: Clock;
}

export type ChangeSaleError =
  | SaleRefusal
  | { readonly code: "sale-not-found" | "version-conflict" | "invalid-request"; detail: string };

export async function createSale(
  deps: ChangeSaleDeps,
  terms: SaleTerms,
): Promise<Result<Sale, ChangeSaleError>> {
  const now = deps.clock.now();
  const clash = windowClash(terms, now) ?? rateClash(terms.rateLimit);
  if (clash !== null) return err({ code: "invalid-request", detail: clash });
  const sale = await deps.sales.create(terms, now);
  deps.directory.learn(sale);
  if (warmUpIsDue(sale, now)) await warmUp(deps, sale);
  return ok(sale);
}

/** Opens, pauses, resumes or closes a sale; opening loads its stock if nobody has. */
export function actOnSale(
  deps: ChangeSaleDeps,
  id: SaleId,
  action: SaleAction,
): Promise<Result<Sale, ChangeSaleError>> {
  return change(deps, id, null, (sale) => act(sale, action, deps.clock.now()));
}

/** Changes a sale's terms if its version is still `version`, or in any case if that is null. */
export function amendSale(
  deps: ChangeSaleDeps,
  id: SaleId,
  version: number | null,
  terms: SaleChange,
): Promise<Result<Sale, ChangeSaleError>> {
  return change(deps, id, version, (sale) => amend(sale, terms, deps.clock.now()));
}

async function change(
  deps: ChangeSaleDeps,
  id: SaleId,
  version: number | null,
  decide: (sale: Sale) => Result<Sale, SaleRefusal>,
): Promise<Result<Sale, ChangeSaleError>> {
  const sale = await deps.sales.byId(id);
  if (sale === null) return err(notFound(id));
  if (version !== null && version !== sale.version) return err(conflict(sale));
  const decided = decide(sale);
  if (!decided.ok) return decided;
  const updated = decided.value === sale ? decided : await deps.sales.update(decided.value);
  if (!updated.ok) return version === null ? change(deps, id, null, decide) : err(conflict(sale));
  await publish(deps, updated.value);
  return ok(updated.value);
}

/** Makes a written change hold: in this process's directory and in the stock. Also if it was
 * written before, since whoever wrote it may not have come as far as here. */
async function publish(deps: ChangeSaleDeps, sale: Sale): Promise<void> {
  deps.directory.learn(sale);
  const selling = stateAt(sale, deps.clock.now()) !== "scheduled";
  if (selling && (await deps.stock.level(sale.id)) === null) await warmUp(deps, sale);
  await deps.stock.configure(sale.id, settingsOf(sale));
}

function notFound(id: SaleId): ChangeSaleError {
  return { code: "sale-not-found", detail: `there is no sale ${id}` };
}

function conflict(sale: Sale): ChangeSaleError {
  const now = `sale ${sale.id} is at version ${sale.version}`;
  return { code: "version-conflict", detail: `${now}; read it again and repeat the change` };
}
