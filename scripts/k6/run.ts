// One run of k6 against a stage: makes the sale and the buyers' tokens, sends the load, waits until
// what was accepted is persisted, and gathers what everybody says about it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { K6Summary } from "../../bench/k6/summary.ts";
import { atExit } from "../../src/rush/at-exit.ts";
import { waitUntilPersisted } from "../../src/rush/persistence.ts";
import { SaleClient } from "../../src/rush/sale-client.ts";
import { TokenSigner } from "../../src/rush/tokens.ts";
import { type K6Options, plannedOf } from "./options.ts";
import type { Stage } from "./stage.ts";
import type { Evidence } from "./verdict.ts";

export interface Usage {
  /** Cores that were busy on average; 0 where the system does not tell. */
  readonly k6Cores: number;
  readonly engineCores: number;
}

export interface Run {
  readonly evidence: Evidence;
  readonly usage: Usage;
}

const folder = join(import.meta.dir, "..", "..", "bench", "k6");
/** As many as one request after the other may need, within reason. */
const tokensMax = 200_000;

export async function runOnce(k6: string, stage: Stage, options: K6Options): Promise<Run> {
  const signer = new TokenSigner(stage.secret, Date.now());
  const client = new SaleClient(stage.url, signer.sign("k6-admin", "admin"));
  const { saleRate, stock } = options;
  const { id: saleId } = await client.openSale({
    ...{ productId: "k6", name: "k6", stock, perBuyerLimit: perBuyerOf(options) },
    rateLimit: { perSecond: saleRate, burst: saleRate },
  });
  const tokens = writeTokens(stage.directory, signer, buyersOf(options));
  const summaryAt = options.summary ?? join(stage.directory, "summary");
  const { exitCode, usage } = await sent(k6, stage, options, { saleId, tokens, summaryAt });
  const file = `${summaryAt}.json`;
  if (!existsSync(file)) throw new Error(`k6 ended with ${exitCode}, without a summary`);
  const summary = JSON.parse(readFileSync(file, "utf8")) as K6Summary;
  const audit = await waitUntilPersisted(client, saleId);
  const stored = await stage.readTables(saleId);
  return { evidence: { exitCode, summary, audit, stored, stock }, usage };
}

/** Everybody buys once, except those who press their button all the time. */
function perBuyerOf({ scenario }: K6Options): number {
  return scenario === "retries" ? 1_000 : 1;
}

function buyersOf({ scenario, buyers, ...load }: K6Options): number {
  return Math.min(tokensMax, plannedOf(scenario, load) ?? buyers);
}

function writeTokens(directory: string, signer: TokenSigner, count: number): string {
  const file = join(directory, "tokens.txt");
  const tokens = Array.from({ length: count }, (_, buyer) => signer.sign(`buyer-${buyer}`, "buy"));
  writeFileSync(file, tokens.join("\n"), { mode: 0o600 });
  return file;
}

interface Target {
  readonly saleId: string;
  readonly tokens: string;
  readonly summaryAt: string;
}

async function sent(k6: string, stage: Stage, options: K6Options, target: Target) {
  const script = join(folder, `${options.scenario}.ts`);
  const before = stage.cpuSeconds();
  const startedAt = performance.now();
  const child = Bun.spawn([k6, "run", "--no-usage-report", "--quiet", script], {
    env: { ...withoutK6(process.env), ...environmentOf(stage, options, target) },
    // Its own summary would only repeat the report.
    stdio: ["ignore", "ignore", "inherit"],
  });
  const callOff = atExit(() => child.kill("SIGKILL"));
  const exitCode = await child.exited;
  callOff();
  const seconds = (performance.now() - startedAt) / 1_000;
  const k6Seconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const engineCores = (stage.cpuSeconds() - before) / seconds;
  return { exitCode, usage: { k6Cores: k6Seconds / seconds, engineCores } };
}

/** What a user has set for runs of his own would overrule the scripts. */
function withoutK6(env: Record<string, string | undefined>) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("K6_")));
}

/** In its environment rather than in its arguments, which every user of the machine may read. */
function environmentOf(stage: Stage, options: K6Options, { saleId, tokens, summaryAt }: Target) {
  const { seconds, vus, rate, buyers } = options;
  return {
    BASE_URL: stage.url,
    SALE_ID: saleId,
    TOKENS: tokens,
    SECONDS: String(seconds),
    VUS: String(vus),
    RATE: String(rate),
    ATTEMPTS: String(buyers),
    ADMIN_TOKEN: "",
    P99_MS: "",
    SUMMARY: summaryAt,
  };
}
