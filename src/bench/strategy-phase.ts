/** The ways to take units side by side: one product, one engine, in turns. Where there are locks,
 *  also what a lock for every single request would come to. */
import { type Strategy, strategies } from "../domain/sale.ts";
import type { LockRates } from "../rush/rush-plan.ts";
import { RushError } from "../rush/sale-client.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { saturate } from "./closed-loop.ts";
import type { Cores } from "./cores.ts";
import { auditOfSale, type EngineUnderTest, startEngineUnderTest } from "./engine-under-test.ts";
import { paths, wrongAnswers } from "./paths.ts";
import { median } from "./statistics.ts";
import { measureTurns, type TurnFigures } from "./turn-phase.ts";

export interface StrategyReport {
  /** Orders accepted per second, of the strategies that the engine offers. */
  readonly perSecond: Readonly<Partial<Record<Strategy, number>>>;
  readonly locks: LockFigures | undefined;
  /** How two processes shared a lock, by the length of their turns; empty without locks. */
  readonly turns: readonly TurnFigures[];
  readonly failures: readonly string[];
}

export interface LockFigures extends LockRates {
  /** Units taken in turns ÷ units taken with a lock each, in the better of its two ways; both
   * straight from the stock. */
  readonly ratio: number;
  /** Orders accepted per second of a locked sale, over HTTP and into the log ÷ the same. */
  readonly orderRatio: number;
}

interface Offer {
  readonly strategy: Strategy;
  readonly saleId: string;
  readonly perSecond: number[];
}

export async function measureStrategies(
  plan: BenchPlan,
  cores: Cores,
  progress: (line: string) => void,
): Promise<StrategyReport> {
  const engine = await startEngineUnderTest(plan, cores.server);
  const sideBySide = await measure(plan, engine, progress).finally(() => engine.stop());
  const { turns, failures } = await measureTurns(plan, progress);
  return { ...sideBySide, turns, failures: [...sideBySide.failures, ...failures] };
}

async function measure(
  plan: BenchPlan,
  engine: EngineUnderTest,
  progress: (line: string) => void,
): Promise<Omit<StrategyReport, "turns">> {
  const offers = await openOffers(engine);
  const locked = offers.find(({ strategy }) => strategy === "locked");
  const failures: string[] = [];
  const rates: LockRates[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    for (const offer of offers) {
      progress(`strategies, round ${round} of ${plan.rounds}: ${offer.strategy}`);
      failures.push(...(await sell(plan, engine, offer)));
    }
    if (engine.lockRates === undefined) continue;
    progress(`strategies, round ${round} of ${plan.rounds}: a lock for each request`);
    const sale = await engine.client.openSale({ ...paths.accept.sale, strategy: "locked" });
    const asked = { lanes: plan.connections, seconds: plan.saturationSeconds };
    rates.push(await engine.lockRates(sale.id, asked));
  }
  const perSecond = Object.fromEntries(
    offers.map((offer) => [offer.strategy, Math.round(median(offer.perSecond))]),
  );
  return { perSecond, locks: locksOf(locked, rates), failures };
}

/** A sale of each strategy; what the engine refuses is left out. */
async function openOffers({ client }: EngineUnderTest): Promise<Offer[]> {
  const offers: Offer[] = [];
  for (const strategy of strategies) {
    try {
      const { id: saleId } = await client.openSale({ ...paths.accept.sale, strategy });
      offers.push({ strategy, saleId, perSecond: [] });
    } catch (reason) {
      if (!(reason instanceof RushError)) throw reason;
    }
  }
  return offers;
}

async function sell(plan: BenchPlan, engine: EngineUnderTest, offer: Offer): Promise<string[]> {
  const { buyers, endpoint, pool, process: server } = engine;
  const { connections, saturationSeconds: seconds } = plan;
  const fastest = Math.max(...offer.perSecond, firstGuessPerSecond);
  const requests = buyers.purchases(endpoint, offer.saleId, Math.ceil(fastest * seconds * spare));
  const result = await saturate({ pool, connections, requests, seconds, serverPid: server.pid });
  offer.perSecond.push(result.perSecond);
  const findings = [
    ...wrongAnswers("accept", result),
    ...(await auditOfSale(engine.client, offer.saleId)),
  ];
  return findings.map((finding) => `${offer.strategy}: ${finding}`);
}

/** More requests than can be answered, so that time ends the load. */
const firstGuessPerSecond = 40_000;
const spare = 1.3;

function locksOf(locked: Offer | undefined, rates: readonly LockRates[]): LockFigures | undefined {
  if (locked === undefined || rates.length === 0) return undefined;
  const alone = median(rates.map((rate) => rate.alone));
  const queued = median(rates.map((rate) => rate.queued));
  const inTurns = median(rates.map((rate) => rate.inTurns));
  const each = Math.max(alone, queued);
  const orderRatio = median(locked.perSecond) / each;
  return { alone, queued, inTurns, ratio: inTurns / each, orderRatio };
}
