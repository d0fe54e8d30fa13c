// One drill: opens everything, breaks one thing after another and several at a time, waits each
// time until everything sells again, and writes down what happened.

import { atExit } from "../../src/rush/at-exit.ts";
import { seededRandom } from "../../src/rush/random.ts";
import { readEnding } from "./ending.ts";
import { hit, possibleKinds } from "./faults.ts";
import { type History, now } from "./history.ts";
import { Market } from "./market.ts";
import { type PlannedFault, planOf, type Step } from "./plan.ts";
import { shopWindow } from "./shop-window.ts";
import { type DrillStage, openDrillStage } from "./stage.ts";

export interface DrillOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly history: History;
  /** What our processes print goes here. */
  readonly logFile: string;
  /** Only faults whose kind and thing contain this. */
  readonly only: string;
  readonly say: (line: string) => void;
}

/** Everything must sell again so soon after a fault has ended. */
const backWithinMs = 90_000;
const pollMs = 20;

export async function runDrill(options: DrillOptions): Promise<void> {
  const { history, say, seed } = options;
  const callOff = atExit(history.flush);
  say("starting Redis, Kafka, MariaDB, etcd and six processes");
  let closing = false;
  const stage = await openDrillStage(options.logFile, (name) => {
    if (closing) return;
    say(`${name} ended by itself`);
    history.add({ type: "wrong", kind: "process-ended", detail: `${name} ended by itself` });
  });
  try {
    const shop = shopWindow(stage.urls, stage.tokens, history);
    const market = new Market(shop, history, seededRandom(seed + 1));
    await market.start();
    await backAfter(market, now());
    await breakThings(options, stage, market);
    say("faults are over; buyers leave, books are closed");
    await market.close();
    await readEnding(shop, history, stage.services.tables);
  } finally {
    closing = true;
    await stage.close();
    history.flush();
    callOff();
  }
}

async function breakThings(
  { minutes, seed, only, say, history }: DrillOptions,
  stage: DrillStage,
  market: Market,
): Promise<void> {
  const startedAt = now();
  const deadline = startedAt + minutes * 60_000;
  const since = () => `+${((now() - startedAt) / 1_000).toFixed(1)} s`.padStart(9);
  for (const step of planOf(seed, possibleKinds())) {
    if (now() > deadline) return;
    const faults = step.faults.filter(({ kind, thing }) => `${kind} ${thing}`.includes(only));
    if (faults.length === 0) continue;
    await playStep({ ...step, faults });
  }

  async function playStep({ quietMs, faults }: Step): Promise<void> {
    await Bun.sleep(quietMs);
    const spans = await Promise.all(faults.map(playFault));
    const endedAt = Math.max(...spans.map(({ to }) => to));
    const backMs = await backAfter(market, endedAt);
    for (const span of spans) history.add({ type: "fault", ...span, backMs });
    if (backMs !== null) return say(`${since()}  sells again after ${seconds(backMs)}`);
    const detail = `${spans.map(({ kind, thing }) => `${kind} ${thing}`).join(", ")}: ${market
      .notSoldSince(endedAt)
      .join("; ")} did not sell within ${seconds(backWithinMs)}`;
    history.add({ type: "wrong", kind: "not-back", detail });
    say(`${since()}  NOT BACK: ${detail}`);
  }

  async function playFault(fault: PlannedFault) {
    const { kind, thing, afterMs, lastsMs } = fault;
    await Bun.sleep(afterMs);
    say(`${since()}  ${kind.padEnd(9)}  ${thing.padEnd(12)}  ${seconds(lastsMs)}`);
    const from = now();
    await hit(stage, fault);
    return { kind, thing, from, to: now() };
  }
}

async function backAfter(market: Market, moment: number): Promise<number | null> {
  const deadline = performance.now() + backWithinMs;
  for (;;) {
    const soldAt = market.allSoldSince(moment);
    if (soldAt !== null) return soldAt - moment;
    if (performance.now() > deadline) return null;
    await Bun.sleep(pollMs);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
