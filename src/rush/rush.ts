/** A rush from end to end: find or start a server, put a sale on it, send the crowd, wait until
 *  everything accepted is persisted, and let two independent judges say whether the sale was
 *  right. */
import { type CheckerVerdict, check, type StoredSale } from "./checker.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { Crowd } from "./crowd.ts";
import { endpointOf } from "./exchange.ts";
import { measurePersistLag, waitUntilPersisted } from "./persistence.ts";
import { cpuSecondsOf, residentBytesOf } from "./process-usage.ts";
import { startProgress } from "./progress.ts";
import { purchaseRequest } from "./purchase-request.ts";
import { seededRandom } from "./random.ts";
import { planRush, type RushOptions, type RushPlan } from "./rush-plan.ts";
import type { RushReport, ServerUsage } from "./rush-report.ts";
import { type NewSale, SaleClient } from "./sale-client.ts";
import { readStoredOverHttp } from "./stored-over-http.ts";
import { Tally } from "./tally.ts";
import { openTarget, type Target } from "./target.ts";
import { Witness } from "./witness.ts";

/** The options contradict each other or are out of range: exit code 2. */
export class RushUsageError extends Error {
  override readonly name = "RushUsageError";
}

/** Throws RushUsageError for impossible options and RushError for a server that cannot be used. */
export async function runRush(options: RushOptions): Promise<RushReport> {
  const plan = planRush(options);
  if (!plan.ok) throw new RushUsageError(plan.error);
  const target = await openTarget(options, buyerIds(plan.value.crowd.buyers));
  try {
    return await rushAt(target, plan.value);
  } finally {
    await target.close();
  }
}

async function rushAt(target: Target, plan: RushPlan): Promise<RushReport> {
  const client = new SaleClient(target.url, target.adminToken);
  const sale = await client.openSale(newSale(plan));
  const load = await sendCrowd(target, plan, sale.id);
  const audit = await waitUntilPersisted(client, sale.id);
  const orderIds = [...new Set(load.witness.receipts.map((receipt) => receipt.orderId))];
  const persistLag = await measurePersistLag(client, orderIds);
  const stored = await readStored(target, client, sale.id, load.witness);
  const checker = check({
    receipts: load.witness.receipts,
    refusals: load.witness.refusals,
    stock: plan.stock,
    perBuyerLimit: plan.crowd.quantity,
    stored,
  });
  return buildReport({ plan, saleId: sale.id, load, audit, persistLag, stored, checker });
}

function newSale({ stock, buckets, strategy, crowd, rateLimit }: RushPlan): NewSale {
  return {
    buckets,
    strategy,
    productId: "rush",
    name: "Rush",
    stock,
    perBuyerLimit: crowd.quantity,
    ...(rateLimit === undefined ? {} : { rateLimit }),
  };
}

interface Load {
  readonly tally: Tally;
  readonly witness: Witness;
  readonly seconds: number;
  readonly server: ServerUsage | undefined;
}

async function sendCrowd(target: Target, plan: RushPlan, saleId: string): Promise<Load> {
  const { connections, queueMax, deadlineMs, crowd: options } = plan;
  const endpoint = endpointOf(target.url);
  const pool = new ConnectionPool({ endpoint, connections, queueMax, deadlineMs });
  const [tally, witness, random] = [new Tally(), new Witness(), seededRandom(options.seed)];
  const request = (buyerId: string, key: string) => {
    const token = target.buyerToken(buyerId);
    const { quantity } = options;
    return Buffer.from(purchaseRequest({ endpoint, saleId, token, key, quantity }), "latin1");
  };
  await pool.ready;
  const crowd = new Crowd(options, { pool, request, random, witness, tally });
  const stopProgress = startProgress(tally, () => crowd.waiting);
  const usage = watchUsage(target.pid);
  await crowd.run();
  const measured = usage();
  stopProgress();
  pool.close();
  return { tally, witness, ...measured };
}

/** Starts the stopwatch; the function it returns reads it. */
function watchUsage(pid: number | undefined) {
  const startedAt = performance.now();
  const clientBefore = process.cpuUsage();
  const serverBefore = pid === undefined ? undefined : cpuSecondsOf(pid);
  return () => {
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(clientBefore);
    const serverAfter = pid === undefined ? undefined : cpuSecondsOf(pid);
    const residentMiB = pid === undefined ? 0 : (residentBytesOf(pid) ?? 0) / 2 ** 20;
    if (serverBefore === undefined || serverAfter === undefined) {
      return { seconds, server: undefined };
    }
    const cpuCores = (serverAfter - serverBefore) / seconds;
    const clientCpuCores = (user + system) / 1e6 / seconds;
    return { seconds, server: { cpuCores, clientCpuCores, residentMiB } };
  };
}

async function readStored(
  target: Target,
  client: SaleClient,
  saleId: string,
  { receipts }: Witness,
): Promise<StoredSale> {
  const tables = await target.readTables?.(saleId).catch((reason: unknown) => {
    // The tables of a server that is not ours may be out of reach; the report's source says that
    // the API was read instead.
    if (target.pid !== undefined) throw reason;
    return undefined;
  });
  return tables ?? readStoredOverHttp(client, saleId, receipts);
}

interface Findings extends Pick<RushReport, "saleId" | "audit" | "persistLag" | "checker"> {
  readonly plan: RushPlan;
  readonly load: Load;
  readonly stored: StoredSale;
}

function buildReport({ plan, load, stored, ...found }: Findings): RushReport {
  const { tally, seconds, server } = load;
  const ok = found.audit.ok === true && found.checker.ok && tally.unexpected.size === 0;
  return {
    ok,
    verdict: ok ? "ok" : "failed",
    ...found,
    seed: plan.crowd.seed,
    buyers: plan.crowd.buyers,
    stock: plan.stock,
    seconds,
    requests: tally.sent,
    requestsPerSecond: tally.answered / seconds,
    ...countsOf(tally),
    persisted: stored.orders.filter(isPersisted).length,
    oversold: Math.max(0, stored.sold - plan.stock),
    duplicates: doubled(found.checker),
    server,
  };
}

function countsOf(tally: Tally) {
  const { soldOut, limited, rateLimited, unavailable, lost, drops, gaveUp } = tally;
  return {
    accepted: tally.orders,
    duplicateAnswers: tally.duplicateAnswers,
    ...{ soldOut, limited, rateLimited, unavailable, lost, drops, gaveUp },
    otherRefusals: Object.fromEntries(tally.otherRefusals),
    unexpected: Object.fromEntries(tally.unexpected),
    latency: tally.latency.summary(),
    acceptedLatency: tally.orderLatency.summary(),
  };
}

function isPersisted({ status }: { readonly status: string }): boolean {
  return status !== "reserved" && status !== "refused";
}

function doubled({ violations }: CheckerVerdict): number {
  return violations.filter(({ kind }) => kind === "doubled-order").length;
}

export function buyerIds(count: number): string[] {
  return Array.from({ length: count }, (_, buyer) => `buyer-${buyer}`);
}
