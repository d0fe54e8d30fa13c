/** A rush during which the engine is killed (-9) again and again, also while it recovers, and
 *  started on the same data each time. The buyers go on with the same keys; then the judges look at
 *  it all. */
import { type CheckerVerdict, check } from "./checker.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { Crowd, type CrowdOptions } from "./crowd.ts";
import { type EngineProcess, startEngine } from "./engine-process.ts";
import { endpointOf } from "./exchange.ts";
import { waitUntilPersisted } from "./persistence.ts";
import { purchaseRequest } from "./purchase-request.ts";
import { type Random, seededRandom } from "./random.ts";
import { readStoredSale } from "./raw-tables.ts";
import { violationLines } from "./rush-report.ts";
import { type AuditAnswer, RushError, SaleClient } from "./sale-client.ts";
import { Tally } from "./tally.ts";
import { newSecret, signedTokens } from "./target.ts";
import { makeTemporaryDirectory } from "./temporary-directory.ts";
import { Witness } from "./witness.ts";

export interface CrashOptions {
  /** How often the engine is killed while it sells. */
  readonly rounds: number;
  readonly seed?: number;
  readonly ratePerSecond?: number;
  readonly stock?: number;
  readonly onRound?: (line: string) => void;
}

export interface CrashReport {
  readonly ok: boolean;
  readonly seed: number;
  /** All kills, those in the middle of a start included. */
  readonly kills: number;
  readonly killsWhileStarting: number;
  readonly accepted: number;
  readonly persisted: number;
  /** Orders that restarts replayed from the log. */
  readonly replayed: number;
  readonly lostAnswers: number;
  readonly duplicateAnswers: number;
  readonly gaveUp: number;
  readonly unexpected: Readonly<Record<string, number>>;
  readonly audit: AuditAnswer;
  readonly checker: CheckerVerdict;
}

const RATE_PER_SECOND = 1500;
/** About four fifths of what can be sold between the kills: the last ones hit a sold-out sale. */
const STOCK_PER_ROUND = 550;
const LIFE_LEAST_MS = 20;
const LIFE_SPREAD_MS = 400;
const EARLY_SHARE = 0.2;
const EARLY_MOST_MS = 300;
const CONNECTIONS = 64;
const PATIENCE_MS = 300_000;

const crowdOptions: Omit<CrowdOptions, "ratePerSecond" | "seed"> = {
  buyers: Number.POSITIVE_INFINITY,
  quantity: 1,
  retryShare: 0.2,
  greedyShare: 0.1,
  patienceMs: PATIENCE_MS,
};

export async function runCrash(options: CrashOptions): Promise<CrashReport> {
  const data = await makeTemporaryDirectory("crash");
  const run = new CrashRun(options, data.path);
  try {
    return await run.run();
  } finally {
    await run.close();
    await data.remove();
  }
}

class CrashRun {
  private readonly options: CrashOptions;
  private readonly dataDir: string;
  private readonly seed: number;
  private readonly random: Random;
  private readonly secret = newSecret();
  private readonly tokens = signedTokens(this.secret);
  private readonly tally = new Tally();
  private readonly witness = new Witness();
  private engine: EngineProcess | undefined;
  private pool: ConnectionPool | undefined;
  private port = 0;
  private kills = 0;
  private killsWhileStarting = 0;
  private replayed = 0;

  constructor(options: CrashOptions, dataDir: string) {
    this.options = options;
    this.dataDir = dataDir;
    this.seed = options.seed ?? Math.floor(Math.random() * 2 ** 31);
    this.random = seededRandom(this.seed);
  }

  async run(): Promise<CrashReport> {
    const engine = await this.start();
    const client = new SaleClient(engine.url, this.tokens.adminToken);
    const { rounds, ratePerSecond = RATE_PER_SECOND } = this.options;
    const stock = this.options.stock ?? STOCK_PER_ROUND * rounds;
    const rate = ratePerSecond * 4;
    const rateLimit = { perSecond: rate, burst: rate };
    const product = { productId: "crash", name: "Crash test", perBuyerLimit: 1 };
    const sale = await client.openSale({ ...product, stock, rateLimit });
    const crowd = this.crowd(engine.url, sale.id, ratePerSecond);
    const everyoneServed = crowd.run();
    for (let round = 1; round <= rounds; round++) await this.killAndRestart(round);
    crowd.stopArrivals();
    await everyoneServed;
    return this.judge(client, sale.id, stock);
  }

  async close(): Promise<void> {
    this.pool?.close();
    await this.engine?.stop();
  }

  private crowd(url: string, saleId: string, ratePerSecond: number): Crowd {
    const endpoint = endpointOf(url);
    const pool = new ConnectionPool({
      endpoint,
      connections: CONNECTIONS,
      queueMax: 10_000,
      deadlineMs: 3000,
    });
    this.pool = pool;
    const request = (buyerId: string, key: string) => {
      const token = this.tokens.buyerToken(buyerId);
      return Buffer.from(purchaseRequest({ endpoint, saleId, token, key, quantity: 1 }), "latin1");
    };
    const { witness, tally, seed } = this;
    // Of its own: how often the crowd draws depends on timing, and the kills must not.
    const random = seededRandom(seed + 1);
    return new Crowd(
      { ...crowdOptions, ratePerSecond, seed },
      { pool, request, random, witness, tally },
    );
  }

  private async killAndRestart(round: number): Promise<void> {
    await Bun.sleep(LIFE_LEAST_MS + this.random() * LIFE_SPREAD_MS);
    await this.engine?.kill();
    this.kills += 1;
    if (this.random() < EARLY_SHARE) await this.killWhileStarting();
    const { replayed } = await this.start();
    this.replayed += replayed;
    this.options.onRound?.(
      `kill ${round} of ${this.options.rounds}: ${this.tally.orders} accepted, ` +
        `${this.tally.lost} answers lost, ${replayed} orders replayed`,
    );
  }

  /** A crash during the recovery from a crash. */
  private async killWhileStarting(): Promise<void> {
    const killSignal = AbortSignal.timeout(Math.ceil(this.random() * EARLY_MOST_MS));
    this.kills += 1;
    this.killsWhileStarting += 1;
    try {
      await (await this.start(killSignal)).kill();
    } catch (error) {
      if (!(error instanceof RushError)) throw error;
    }
  }

  /** On the port it had before: to the buyers it is the same server that was away for a moment. */
  private async start(killSignal?: AbortSignal): Promise<EngineProcess> {
    const { dataDir, secret, port } = this;
    const abort = killSignal === undefined ? {} : { killSignal };
    const engine = await startEngine({ dataDir, secret, port, ...abort });
    this.engine = engine;
    this.port = endpointOf(engine.url).port;
    return engine;
  }

  private async judge(client: SaleClient, saleId: string, stock: number): Promise<CrashReport> {
    const { tally, witness } = this;
    const audit = await waitUntilPersisted(client, saleId);
    await this.close();
    const stored = readStoredSale(this.dataDir, saleId);
    const { receipts, refusals } = witness;
    const checker = check({
      receipts,
      refusals,
      stock,
      perBuyerLimit: 1,
      stored,
      crashed: true,
    });
    const clean = tally.unexpected.size === 0 && tally.gaveUp === 0;
    return {
      ok: audit.ok === true && checker.ok && clean,
      seed: this.seed,
      kills: this.kills,
      killsWhileStarting: this.killsWhileStarting,
      accepted: tally.orders,
      persisted: stored.orders.filter(({ status }) => status !== "refused").length,
      replayed: this.replayed,
      lostAnswers: tally.lost,
      duplicateAnswers: tally.duplicateAnswers,
      gaveUp: tally.gaveUp,
      unexpected: Object.fromEntries(tally.unexpected),
      audit,
      checker,
    };
  }
}

export function formatCrashReport(report: CrashReport): string {
  const { audit, checker } = report;
  const rows: (readonly [string, unknown])[] = [
    ["kills", `${report.kills} (${report.killsWhileStarting} while starting)`],
    ["accepted", report.accepted],
    ["persisted", report.persisted],
    ["replayed", report.replayed],
    ["lost answers", `${report.lostAnswers}, retried with the same key`],
    ["duplicate", `${report.duplicateAnswers} (same key, same order)`],
    ["gave up", report.gaveUp],
    ["unexpected", JSON.stringify(report.unexpected)],
    ["audit", audit.ok === true ? "ok" : `FAILED: ${JSON.stringify(audit)}`],
    ["checker", checker.ok ? `ok: ${checker.receipts} receipts` : "FAILED"],
  ];
  const verdict = `crash ${report.ok ? "ok" : "FAILED"}: seed ${report.seed}`;
  const lines = rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}`);
  return [verdict, "", ...lines, ...violationLines(checker)].join("\n");
}
