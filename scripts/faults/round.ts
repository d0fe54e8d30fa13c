// One round: a sale, a crowd, a fault in the middle of it, and the two judges afterwards.

import { type CheckerVerdict, check } from "../../src/rush/checker.ts";
import { ConnectionPool } from "../../src/rush/connection-pool.ts";
import { Crowd } from "../../src/rush/crowd.ts";
import { endpointOf } from "../../src/rush/exchange.ts";
import { readStoredInMysql } from "../../src/rush/mysql-tables.ts";
import { waitUntilPersisted } from "../../src/rush/persistence.ts";
import { purchaseRequest } from "../../src/rush/purchase-request.ts";
import { seededRandom } from "../../src/rush/random.ts";
import { type AuditAnswer, SaleClient } from "../../src/rush/sale-client.ts";
import { Tally } from "../../src/rush/tally.ts";
import { Witness } from "../../src/rush/witness.ts";
import type { Fault } from "./catalog.ts";
import { acceptedAfter, outcomesIn, slowest, startProbe } from "./probe.ts";
import type { RedisPair } from "./redis-pair.ts";
import type { Stage } from "./stage.ts";

export interface RoundReport {
  readonly ok: boolean;
  /** What shows that the fault hit; null if nothing does. */
  readonly evidence: string | null;
  readonly accepted: number;
  readonly persisted: number;
  readonly refused: number;
  readonly redelivered: number;
  readonly swept: number;
  /** Longest wait for an answer while something was broken, in milliseconds. */
  readonly slowestMs: number;
  /** From everything being there again to the first purchase accepted, in milliseconds. */
  readonly backMs: number | null;
  readonly outcomes: string;
  /** Answers that this fault does not justify. */
  readonly unjustified: readonly string[];
  readonly audit: AuditAnswer;
  readonly checker: CheckerVerdict;
  readonly unexpected: string;
}

const ratePerSecond = 800;
const stock = 100_000;
const quietMs = 1_000;
/** A purchase must be answered within the answer deadline and half a second. */
const patienceMs = 120_000;

export async function playRound(
  stage: Stage,
  fault: Fault,
  pair: RedisPair | null,
  seed: number,
): Promise<RoundReport> {
  const client = new SaleClient(stage.url, stage.tokens.adminToken);
  const rateLimit = { perSecond: 100_000, burst: 100_000 };
  const product = { productId: "fault", name: fault.name, perBuyerLimit: 1, ...fault.terms };
  const sale = await client.openSale({ ...product, stock, rateLimit });
  const { crowd, pool, tally, witness } = crowdAt(stage, sale.id, seed);
  await pool.ready;
  const probe = startProbe(stage.url, sale.id, stage.tokens.buyerToken);
  const served = crowd.run();
  await Bun.sleep(quietMs);
  const brokenAt = performance.now();
  let backAt = Number.NaN;
  const back = () => {
    backAt = performance.now();
  };
  const evidence = await fault.hit({ stage, saleId: sale.id, pair, lost: () => tally.lost, back });
  await Bun.sleep(Math.max(quietMs, 3_000 - (performance.now() - backAt)));
  crowd.stopArrivals();
  await served;
  await probe.stop();
  const audit = await waitUntilPersisted(client, sale.id, patienceMs);
  pool.close();
  const stored = await readStoredInMysql(stage.config.mysql, sale.id);
  const { receipts, refusals } = witness;
  const crashed = { perBuyerLimit: 1, crashed: true };
  const checker = check({ receipts, refusals, stock, stored, ...crashed });
  const unexpected = [...tally.unexpected].map(([what, count]) => `${what}: ${count}`).join(", ");
  const fine = ["accepted", ...fault.allowed];
  const unjustified = probe.answers
    .map(({ outcome }) => outcome)
    .filter((one) => !fine.includes(one));
  const clean = unexpected === "" && unjustified.length === 0 && tally.gaveUp === 0;
  return {
    ok: audit.ok === true && checker.ok && clean,
    evidence,
    accepted: tally.orders,
    persisted: stored.orders.filter(({ status }) => status === "placed").length,
    refused: stored.orders.filter(({ status }) => status === "refused").length,
    redelivered: await stage.counter("orders", "doorbuster_orders_duplicate_total"),
    swept: await stage.counter("controller", "doorbuster_orders_swept_total"),
    slowestMs: slowest(probe.answers, brokenAt, backAt),
    backMs: acceptedAfter(probe.answers, backAt),
    outcomes: outcomesIn(probe.answers, brokenAt, backAt),
    unjustified,
    audit,
    checker,
    unexpected,
  };
}

function crowdAt(stage: Stage, saleId: string, seed: number) {
  const endpoint = endpointOf(stage.url);
  const pool = new ConnectionPool({
    endpoint,
    connections: 64,
    queueMax: 20_000,
    deadlineMs: 5_000,
  });
  const [tally, witness] = [new Tally(), new Witness()];
  const request = (buyerId: string, key: string) => {
    const token = stage.tokens.buyerToken(buyerId);
    return Buffer.from(purchaseRequest({ endpoint, saleId, token, key, quantity: 1 }), "latin1");
  };
  const shares = { retryShare: 0.2, greedyShare: 0.1 };
  const options = { buyers: Number.POSITIVE_INFINITY, quantity: 1, ...shares };
  const random = seededRandom(seed);
  const crowd = new Crowd(
    { ...options, ratePerSecond, seed, patienceMs },
    { pool, request, random, witness, tally },
  );
  return { crowd, pool, tally, witness };
}
