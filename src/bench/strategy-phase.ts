/** The ways to take units side by side: one product, one engine, in turns. Where there are locks,
 *  also what a lock for every single request would sell, which is what turns at a lock are for. */
import { type Strategy, strategies } from "../domain/sale.ts";
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
  readonly lockEach: LockEachFigures | undefined;
  /** How two processes shared a lock, by the length of their turns; empty without locks. */
  readonly turns: readonly TurnFigures[];
  readonly failures: readonly string[];
}

/** Units taken per second with a lock for each of them. */
export interface LockEachFigures {
  /** With one request at a time, and with as many waiting as there are connections. */
  readonly alone: number;
  readonly queued: number;
  /** Orders accepted per second under a lock in turns ÷ the better of the two. */
  readonly ratio: number;
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
  const [alone, queued]: [number[], number[]] = [[], []];
  for (let round = 1; round <= plan.rounds; round++) {
    for (const offer of offers) {
      progress(`strategies, round ${round} of ${plan.rounds}: ${offer.strategy}`);
      failures.push(...(await sell(plan, engine, offer)));
    }
    if (engine.lockEach === undefined || locked === undefined) continue;
    progress(`strategies, round ${round} of ${plan.rounds}: a lock for each request`);
    const seconds = plan.saturationSeconds;
    const sale = await engine.client.openSale({ ...paths.accept.sale, strategy: "locked" });
    alone.push(await engine.lockEach(sale.id, { lanes: 1, seconds }));
    queued.push(await engine.lockEach(sale.id, { lanes: plan.connections, seconds }));
  }
  const perSecond = Object.fromEntries(
    offers.map((offer) => [offer.strategy, Math.round(median(offer.perSecond))]),
  );
  return { perSecond, lockEach: lockEachOf(locked, alone, queued), failures };
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

function lockEachOf(
  locked: Offer | undefined,
  aloneRates: readonly number[],
  queuedRates: readonly number[],
): LockEachFigures | undefined {
  if (locked === undefined || aloneRates.length === 0) return undefined;
  const [alone, queued] = [Math.round(median(aloneRates)), Math.round(median(queuedRates))];
  return { alone, queued, ratio: median(locked.perSecond) / Math.max(alone, queued) };
}
