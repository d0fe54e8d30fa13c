/** What must hold once nothing happens any more. */
import { instant, type SaleId } from "../../../src/domain/ids.ts";
import type { Order } from "../../../src/domain/order.ts";
import { stateAt } from "../../../src/domain/sale.ts";
import { present } from "../../../src/lib/assert.ts";
import { ordersGroup } from "../../../src/roles/orders.ts";
import type { Call, History } from "../clients.ts";
import { beginMs } from "../engine/host.ts";
import { type LedgerEntry, saleOf } from "../services/ledger-tables.ts";
import type { World } from "../world.ts";

/** What has not come to rest yet, or null. */
export function restlessness(self: World): string | null {
  if (self.processes.some((process) => process.running() === null))
    return "a process is not running";
  if (!self.log.isDrained(ordersGroup)) return "the log is not consumed";
  for (const [saleId, entry] of self.tables.entries) {
    const why = restless(self, saleId, entry);
    if (why !== null) return `${saleId}: ${why}`;
  }
  return null;
}

function restless(self: World, saleId: SaleId, entry: LedgerEntry): string | null {
  const sale = saleOf(entry);
  const state = stateAt(sale, instant(beginMs + self.time.now()));
  if (entry.epoch === 0) return state === "open" ? "its stock was never loaded" : null;
  if (isOver(self, entry))
    return sale.state === "closed" ? null : "it is not written down as closed";
  if (sale.state !== state) return `it is ${state}, but not written down as that`;
  if (sale.strategy === "database") return null;
  if (sale.mode !== "stock") return `its mode is ${sale.mode}`;
  const level = self.stock.level(saleId);
  if (!level.complete) return "some of its stock is not loaded";
  if (level.versions.some((version) => version !== sale.version)) return "it is sold as it was";
  if (level.pending.length > 0) return `${level.pending.length} orders are pending`;
  if (level.inTransfer > 0) return "units are on their way";
  const off = level.remaining + entry.sold - entry.total;
  return off === 0 ? null : `its stock is off by ${off}`;
}

function isOver({ time }: World, { sale }: LedgerEntry): boolean {
  return sale.state === "closed" || (sale.endsAt !== null && beginMs + time.now() >= sale.endsAt);
}

export function checkEnd(self: World, history: History): void {
  for (const saleId of self.saleIds.values()) {
    const entry = present(self.tables.entries.get(saleId), "a sale has a ledger");
    const all = [...self.tables.orders.values()].filter((order) => order.saleId === saleId);
    checkLedger(
      self,
      saleId,
      entry,
      all.filter((order) => order.status === "placed"),
    );
    checkRest(self, saleId, entry);
  }
  checkAccepted(self, history.calls);
}

function checkLedger(
  { violated }: World,
  saleId: SaleId,
  entry: LedgerEntry,
  live: readonly Order[],
): void {
  const sum = (orders: readonly Order[]) => orders.reduce((all, one) => all + one.quantity, 0);
  if (sum(live) !== entry.sold) {
    violated("the ledger is the sum of its orders", `${saleId}: ${entry.sold} and ${sum(live)}`);
  }
  if (entry.sold > entry.total)
    violated("never oversold", `${saleId}: ${entry.sold} of ${entry.total}`);
  for (const [buyer, own] of Map.groupBy(live, (order) => order.buyerId)) {
    if (sum(own) > entry.sale.perBuyerLimit) {
      violated("a buyer keeps to the limit", `${saleId}: ${buyer} has ${sum(own)}`);
    }
    if (new Set(own.map((order) => order.requestKey)).size < own.length) {
      violated("a request key makes one order", `${saleId}: ${buyer}`);
    }
  }
}

/** All who asked at the end got a unit, until there was none. */
function checkRest(self: World, saleId: SaleId, entry: LedgerEntry): void {
  if (entry.sale.state !== "open" || isOver(self, entry)) return;
  if (entry.sold !== entry.total) {
    self.violated("never undersold", `${saleId}: ${entry.sold} of ${entry.total} sold in the end`);
  }
}

function checkAccepted({ tables, violated }: World, calls: readonly Call[]): void {
  const answers = new Map<string, string>();
  for (const { saleId, buyer, key, answer } of calls) {
    if (typeof answer !== "object" || answer.status !== "accepted") continue;
    const order = tables.orders.get(answer.id);
    if (order?.status !== "placed") {
      const became = order === undefined ? "is nowhere" : `was refused: ${order.reason}`;
      violated("what is accepted is placed", `${answer.id} of ${buyer} ${key} ${became}`);
    }
    const name = `${saleId} ${buyer} ${key}`;
    const before = answers.get(name) ?? answer.id;
    if (before !== answer.id)
      violated("a request key has one answer", `${name}: ${before}, ${answer.id}`);
    answers.set(name, answer.id);
  }
}
