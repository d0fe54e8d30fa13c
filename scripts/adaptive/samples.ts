// What is seen four times a second: the rate in force, how far the ledger is behind, and who was
// refused since the last look.

import type { AdaptiveStage } from "./stage.ts";

export interface Sample {
  /** Since the begin of the rush. */
  readonly atMs: number;
  /** Null while nobody says. */
  readonly perSecond: number | null;
  readonly lagMs: number;
  readonly waiting: number;
  /** A second, since the sample before. */
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
}

const everyMs = 250;

/** Samples until the returned function is called. */
export function takeSamples(stage: AdaptiveStage, saleId: string): () => Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  let over = false;
  let before: Counts | null = null;

  async function look(): Promise<void> {
    const [counts, lag, perSecond] = await Promise.all([
      countsOf(stage),
      stage.lag(),
      rateOf(stage, saleId),
    ]);
    const seconds = before === null ? 1 : (counts.atMs - before.atMs) / 1_000;
    const since = (now: number, then = 0) => Math.round((now - then) / seconds);
    samples.push({
      ...{ atMs: Math.round(counts.atMs - startedAt), perSecond },
      ...{ lagMs: Math.round(lag.seconds * 1_000), waiting: lag.messages },
      accepted: since(counts.accepted, before?.accepted),
      refused: Object.fromEntries(
        Object.entries(counts.refused).map(([policy, n]) => [
          policy,
          since(n, before?.refused[policy]),
        ]),
      ),
    });
    before = counts;
  }

  async function run(): Promise<void> {
    for (let due = startedAt; !over; due += everyMs) {
      await Bun.sleep(Math.max(0, due - performance.now()));
      await look();
    }
  }

  const running = run();
  return async () => {
    over = true;
    await running;
    return samples;
  };
}

interface Counts {
  readonly atMs: number;
  readonly accepted: number;
  readonly refused: Readonly<Record<string, number>>;
}

async function countsOf({ api }: AdaptiveStage): Promise<Counts> {
  const text = await metricsOf(api.url);
  const refused: Record<string, number> = {};
  for (const [label, n] of readings(text, "doorbuster_rate_limit_rejected_total", "policy")) {
    refused[label] = n;
  }
  for (const [label, n] of readings(text, "doorbuster_purchases_total", "outcome")) {
    if (label !== "accepted") refused[label] = n;
  }
  const outcomes = new Map(readings(text, "doorbuster_purchases_total", "outcome"));
  return { atMs: performance.now(), accepted: outcomes.get("accepted") ?? 0, refused };
}

async function rateOf({ controller }: AdaptiveStage, saleId: string): Promise<number | null> {
  const text = await metricsOf(controller.url);
  const rates = new Map(readings(text, "doorbuster_sale_rate_per_second", "sale"));
  return rates.get(saleId) ?? null;
}

/** How many batches of the ledger there were, and how many of them came more than a second after
 *  their oldest order. */
export async function lateBatches({ orders }: AdaptiveStage) {
  const text = await metricsOf(orders.url);
  const within = new Map(readings(text, "doorbuster_persist_lag_seconds_bucket", "le"));
  const all = within.get("+Inf") ?? 0;
  return { batches: all, late: all - (within.get("1") ?? 0) };
}

export async function metricsOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  return await answer.text();
}

function readings(text: string, metric: string, label: string): [string, number][] {
  const line = new RegExp(`^${metric}\\{[^}]*${label}="([^"]*)"[^}]*\\} ([0-9.e+]+)$`, "gm");
  return [...text.matchAll(line)].map(([, value = "", n]) => [value, Number(n)]);
}
