// After the last fault: waits until the books of every sale hold, and reads what became of it, past
// the engine.

import { createConnection } from "mysql2/promise";
import { inParallel } from "../../src/lib/in-parallel.ts";
import { type MysqlPlace, readStoredInMysql } from "../../src/rush/mysql-tables.ts";
import type { Fact, History, StoredFact } from "./history.ts";
import type { ShopWindow } from "./shop-window.ts";

const withinMs = 120_000;
const pollMs = 500;
const readers = 4;

export async function readEnding(
  shop: ShopWindow,
  history: Pick<History, "add" | "facts">,
  tables: MysqlPlace,
): Promise<void> {
  const sales = history.facts.filter((fact) => fact.type === "sale").map(({ sale }) => sale);
  const deadline = performance.now() + withinMs;
  const audits = await inParallel(sales, readers, (sale) => settled(shop, sale, deadline));
  const totals = await readTotals(tables);
  for (const [at, sale] of sales.entries()) {
    const { orders, sold } = await readStoredInMysql(tables, sale);
    const rows = new Set(orders.map(({ id }) => id));
    const missing = reservedIn(history.facts, sale).filter((id) => !rows.has(id));
    const refused = await inParallel(missing, readers, (id) => visiblyRefused(shop, id));
    const audit = audits[at] ?? { ok: null, pending: 0 };
    const rest = { total: totals.get(sale) ?? 0, sold, orders, refused: refused.flat(), audit };
    history.add({ type: "stored", sale, ...rest });
  }
}

/** The first audit that holds with nothing pending, or the last one before the deadline. */
async function settled(
  { ask, urls: [url = ""] }: ShopWindow,
  sale: string,
  deadline: number,
): Promise<StoredFact["audit"]> {
  for (;;) {
    const answer = await ask("GET", `${url}/v1/sales/${sale}/audit`);
    const audit = (answer?.body ?? { ok: null, pending: 0 }) as StoredFact["audit"];
    const holds = answer?.status === 200 && audit.ok === true && audit.pending === 0;
    if (holds || performance.now() > deadline) return audit;
    await Bun.sleep(pollMs);
  }
}

/** Orders that were never more than `reserved` to their buyers. */
function reservedIn(facts: readonly Fact[], sale: string): string[] {
  const ids = facts.flatMap((fact) => {
    const isOne = fact.type === "purchase" && fact.sale === sale && fact.outcome === "reserved";
    return isOne && fact.order !== undefined ? [fact.order.id] : [];
  });
  return [...new Set(ids)];
}

async function visiblyRefused({ ask, urls: [url = ""] }: ShopWindow, id: string) {
  const answer = await ask("GET", `${url}/v1/orders/${id}`);
  return answer?.body.status === "refused" ? [id] : [];
}

/** Units that each sale has, by the ledger. */
async function readTotals({ url }: MysqlPlace): Promise<Map<string, number>> {
  const connection = await createConnection({ uri: url });
  try {
    const [rows] = await connection.query("SELECT sale, total FROM ledger");
    return new Map(
      (rows as { sale: number; total: number }[]).map(({ sale, total }) => [`s${sale}`, total]),
    );
  } finally {
    connection.destroy();
  }
}
