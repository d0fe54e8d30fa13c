// One run: a rush at a steady rate, MariaDB slowed down in the middle of it, and restored.

import { waitUntilPersisted } from "../../src/rush/persistence.ts";
import { type AuditAnswer, SaleClient } from "../../src/rush/sale-client.ts";
import { TokenSigner } from "../../src/rush/tokens.ts";
import { type Answers, gather } from "../admission/crowd.ts";
import { lateBatches, type Sample, takeSamples } from "./samples.ts";
import { type AdaptiveStage, openAdaptiveStage } from "./stage.ts";
import { throttle } from "./throttle.ts";

export interface RunPlan {
  readonly adaptive: boolean;
  /** The sale's rate. */
  readonly ceiling: number;
  /** What the crowd asks for a second. */
  readonly rush: number;
  /** The speed of MariaDB meanwhile. */
  readonly share: number;
  /** It is stopped once in so long. */
  readonly periodMs: number;
  readonly healthySeconds: number;
  readonly slowSeconds: number;
  readonly afterSeconds: number;
}

export interface RunResult {
  readonly plan: RunPlan;
  readonly samples: readonly Sample[];
  readonly slowedAtMs: number;
  readonly restoredAtMs: number;
  /** How many times longer a piece of work took MariaDB while it was slowed down. */
  readonly slowdown: number;
  readonly answers: Answers;
  readonly batches: { readonly batches: number; readonly late: number };
  /** Until the last order was in the ledger. */
  readonly persistedAfterMs: number;
  readonly audit: AuditAnswer;
}

const stock = 10_000_000;
const persistPatienceMs = 240_000;

export async function played(plan: RunPlan): Promise<RunResult> {
  const stage = await openAdaptiveStage();
  try {
    return await rushed(stage, plan);
  } finally {
    await stage.close();
  }
}

async function rushed(stage: AdaptiveStage, plan: RunPlan): Promise<RunResult> {
  const { ceiling, rush, healthySeconds, slowSeconds, afterSeconds } = plan;
  const admin = new TokenSigner(stage.secret, Date.now()).sign("adaptive-admin", "admin");
  const client = new SaleClient(stage.api.url, admin);
  const rateLimit = { perSecond: ceiling, burst: ceiling, adaptive: plan.adaptive ? {} : null };
  const product = { productId: "adaptive", name: "Adaptive", stock, perBuyerLimit: 1 };
  const { id: saleId } = await client.openSale({ ...product, rateLimit });
  const seconds = healthySeconds + slowSeconds + afterSeconds;
  const apis = [stage.api];
  const crowd = await gather({ secret: stage.secret, apis }, { saleId, perSecond: rush, seconds });
  const before = await stage.workMs();
  const startedAt = performance.now();
  const since = () => Math.round(performance.now() - startedAt);
  const stopSampling = takeSamples(stage, saleId);
  const sending = crowd.send();
  await Bun.sleep(healthySeconds * 1_000);
  const slowedAtMs = since();
  const { share, periodMs } = plan;
  const restore = await throttle({ pid: stage.mariadbPid, share, periodMs });
  await Bun.sleep(slowSeconds * 500);
  const during = await stage.workMs();
  await Bun.sleep(slowSeconds * 1_000 - (since() - slowedAtMs));
  await restore();
  const restoredAtMs = since();
  const answers = await sending;
  const endedAt = performance.now();
  const samples = await stopSampling();
  crowd.close();
  const audit = await waitUntilPersisted(client, saleId, persistPatienceMs);
  const persistedAfterMs = Math.round(performance.now() - endedAt);
  const slowdown = Number((during / before).toFixed(1));
  const batches = await lateBatches(stage);
  const seen = { samples, slowedAtMs, restoredAtMs, slowdown, answers, batches };
  return { plan, ...seen, persistedAfterMs, audit };
}
