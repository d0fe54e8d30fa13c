/** After the load: waits until every accepted order is in the ledger, and measures how long that
 *  took the orders. */

import { inParallel } from "../lib/in-parallel.ts";
import { Histogram, type LatencySummary } from "./histogram.ts";
import type { AuditAnswer, OrderAnswer, SaleClient } from "./sale-client.ts";

const POLL_MS = 50;
const DEADLINE_MS = 120_000;
const SAMPLE_MAX = 2000;
const READERS = 16;

/** The last audit: of a sale without pending units, unless they did not settle before the
 *  deadline. */
export async function waitUntilPersisted(
  client: SaleClient,
  saleId: string,
  deadlineMs = DEADLINE_MS,
): Promise<AuditAnswer> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const audit = await client.audit(saleId);
    const settled = audit.ok !== null && audit.pending === 0 && audit.inTransfer === 0;
    if (settled || performance.now() > deadline) return audit;
    await Bun.sleep(POLL_MS);
  }
}

/** Accepted → placed, by the server's own clock, over an even sample of the orders. */
export async function measurePersistLag(
  client: SaleClient,
  orderIds: readonly string[],
): Promise<LatencySummary> {
  const lag = new Histogram();
  const orders = await inParallel(evenSample(orderIds), READERS, (id) => client.order(id));
  for (const order of orders) {
    const lagMs = order === undefined ? undefined : persistLagOf(order);
    if (lagMs !== undefined) lag.record(lagMs);
  }
  return lag.summary();
}

function persistLagOf({ acceptedAt, placedAt }: OrderAnswer): number | undefined {
  return placedAt ? Date.parse(placedAt) - Date.parse(acceptedAt) : undefined;
}

function evenSample(items: readonly string[]): string[] {
  const step = Math.max(1, items.length / SAMPLE_MAX);
  const count = Math.min(items.length, SAMPLE_MAX);
  return Array.from({ length: count }, (_, index) => items[Math.floor(index * step)] ?? "");
}
