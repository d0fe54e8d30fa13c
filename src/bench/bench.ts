/** The bench: how fast the engine sells compared with a server that does nothing, measured in one
 *  run, in turns. It judges correctness (statuses, audits); speed it only reports. */
import { saveBaseline } from "./baseline-file.ts";
import { type BenchOptions, type BenchPlan, planBench } from "./bench-plan.ts";
import { type BenchReport, figuresOfRounds, warningsOf } from "./bench-report.ts";
import { type Cores, claimCores } from "./cores.ts";
import { provenance } from "./machine.ts";
import { type MemoryReport, measureMemory } from "./memory-phase.ts";
import { Rig } from "./rig.ts";
import { type Round, Rounds } from "./rounds.ts";
import { measureStrategies } from "./strategy-phase.ts";

/** The options are out of range: exit code 2. */
export class BenchUsageError extends Error {
  override readonly name = "BenchUsageError";
}

type Progress = (line: string) => void;

/** Throws BenchUsageError for impossible options and RushError if a server does not start. */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const plan = planBench(options);
  if (!plan.ok) throw new BenchUsageError(plan.error);
  const report = await measure(plan.value, options.onProgress ?? (() => {}));
  if (options.saveTo === undefined) return report;
  return { ...report, savedTo: await saveBaseline(options.saveTo, report) };
}

async function measure(plan: BenchPlan, progress: Progress): Promise<BenchReport> {
  const cores = claimCores();
  try {
    const { rounds, failures } = await measurePaths(plan, cores, progress);
    const compared = plan.comparesStrategies
      ? await measureStrategies(plan, cores, progress)
      : undefined;
    const memory = plan.orders > 0 ? await weigh(plan, cores, progress) : undefined;
    const all = [...failures, ...(compared?.failures ?? []), ...(memory?.failures ?? [])];
    const origin = provenance(new Date());
    const figures = { ...origin, ...figuresOfRounds(rounds), pinned: cores.pinned };
    return {
      ok: all.length === 0,
      failures: all,
      warnings: warningsOf(figures),
      ...figures,
      plan,
      strategies: compared,
      memory,
    };
  } finally {
    cores.release();
  }
}

/** A cluster has the whole machine here: what counts is what all of it gets done together. */
function weigh(plan: BenchPlan, cores: Cores, progress: Progress): Promise<MemoryReport> {
  if (plan.newCluster === undefined) return measureMemory(plan, cores, progress);
  cores.release();
  return measureMemory(plan, { ...cores, server: undefined }, progress);
}

async function measurePaths(plan: BenchPlan, cores: Cores, progress: Progress) {
  const rig = await Rig.start(plan, cores);
  try {
    const runs = new Rounds(plan, rig, progress);
    await runs.warmUp();
    const rounds: Round[] = [];
    for (let number = 1; number <= plan.rounds; number++) rounds.push(await runs.run(number));
    return { rounds, failures: runs.failures };
  } finally {
    await rig.stop();
  }
}
