/** Takes turns: bare, one path, bare, the next path, …, so that whatever else the machine does hits
 *  both sides of each ratio. Every engine run is followed by its audit. */
import type { BenchPlan } from "./bench-plan.ts";
import { auditFindings } from "./engine-under-test.ts";
import type { LoadResult } from "./load-meter.ts";
import { type PathName, pathNames, wrongAnswers } from "./paths.ts";
import type { Rig } from "./rig.ts";
import { mean } from "./statistics.ts";

export interface PathRound {
  readonly saturation: LoadResult;
  readonly halfLoad: LoadResult;
  /** Answers per second ÷ the bare server's just before and after. */
  readonly ratio: number;
  /** The same per second of server CPU time. */
  readonly cpuRatio: number | undefined;
  /** Orders of the saturation that were in the ledger, per second until the last one was. */
  readonly persistedPerSecond: number | undefined;
}

export interface BareRound {
  readonly saturation: LoadResult;
  readonly halfLoad: LoadResult;
}

export interface Round {
  readonly bare: BareRound;
  readonly paths: Readonly<Record<PathName, PathRound>>;
}

interface Saturation {
  readonly result: LoadResult;
  readonly persistedPerSecond: number | undefined;
}

/** The share of a path's time that each bare run beside it gets. */
const BARE_SHARE = 0.5;

export class Rounds {
  readonly failures: string[] = [];
  private readonly plan: BenchPlan;
  private readonly rig: Rig;
  private readonly progress: (line: string) => void;
  private accepted = 0;

  constructor(plan: BenchPlan, rig: Rig, progress: (line: string) => void) {
    this.plan = plan;
    this.rig = rig;
    this.progress = progress;
  }

  /** Both sides compile their hot code before anything counts. */
  async warmUp(): Promise<void> {
    this.progress("warming up");
    await this.rig.saturateBare(this.plan.warmUpSeconds);
    for (const path of pathNames) await this.saturate(path, this.plan.warmUpSeconds);
  }

  async run(number: number): Promise<Round> {
    const { saturationSeconds, rounds } = this.plan;
    const bares = [await this.rig.saturateBare(saturationSeconds * BARE_SHARE)];
    const saturations = new Map<PathName, Saturation>();
    for (const path of pathNames) {
      this.progress(`round ${number} of ${rounds}: ${path}`);
      saturations.set(path, await this.saturate(path, saturationSeconds));
      bares.push(await this.rig.saturateBare(saturationSeconds * BARE_SHARE));
    }
    this.progress(`round ${number} of ${rounds}: half load`);
    return this.addHalfLoads(bares, saturations);
  }

  private async saturate(path: PathName, seconds: number): Promise<Saturation> {
    const result = await this.rig.saturatePath(path, seconds);
    const persistedIn = result.seconds + (await this.judge(path, result));
    const persistedPerSecond = path === "accept" ? result.answered / persistedIn : undefined;
    return { result, persistedPerSecond };
  }

  private async addHalfLoads(
    bares: readonly LoadResult[],
    saturations: ReadonlyMap<PathName, Saturation>,
  ): Promise<Round> {
    const bareRate = mean(bares.map((bare) => bare.perSecond));
    const bareHalf = await this.rig.halfLoadBare(bareRate / 2);
    const entries: [PathName, PathRound][] = [];
    for (const [index, path] of pathNames.entries()) {
      const saturation = saturations.get(path);
      if (saturation === undefined) continue;
      const { result, persistedPerSecond } = saturation;
      const halfLoad = await this.rig.halfLoadPath(path, result.perSecond / 2);
      await this.judge(path, halfLoad);
      const ratios = compare(result, bares.slice(index, index + 2));
      entries.push([path, { saturation: result, halfLoad, persistedPerSecond, ...ratios }]);
    }
    const paths = Object.fromEntries(entries) as Record<PathName, PathRound>;
    return { bare: { saturation: typical(bares), halfLoad: bareHalf }, paths };
  }

  /** Returns how many seconds it took until the sale was settled. */
  private async judge(path: PathName, result: LoadResult): Promise<number> {
    const startedAt = performance.now();
    this.failures.push(...wrongAnswers(path, result));
    if (path === "read") return 0;
    if (path === "accept") this.accepted += result.statuses["202"] ?? 0;
    const expected = path === "accept" ? this.accepted : undefined;
    this.failures.push(...(await auditFindings(this.rig.engine, path, expected)));
    return (performance.now() - startedAt) / 1000;
  }
}

function compare(result: LoadResult, neighbours: readonly LoadResult[]) {
  const bareCpu = neighbours.map((bare) => bare.perCpuSecond ?? 0);
  const known = result.perCpuSecond !== undefined && !bareCpu.includes(0);
  return {
    ratio: result.perSecond / mean(neighbours.map((bare) => bare.perSecond)),
    cpuRatio: known ? (result.perCpuSecond ?? 0) / mean(bareCpu) : undefined,
  };
}

/** The run in the middle, by speed. */
function typical(runs: readonly LoadResult[]): LoadResult {
  const sorted = [...runs].sort((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("a round without a bare run");
  return middle;
}
