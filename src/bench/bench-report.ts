/** The figures of a bench: medians over its rounds as they go into JSON, and the tables for
 *  people. */
import type { BenchPlan } from "./bench-plan.ts";
import type { LoadResult } from "./load-meter.ts";
import type { Machine, Provenance } from "./machine.ts";
import type { MemoryReport } from "./memory-phase.ts";
import { type PathName, pathNames } from "./paths.ts";
import type { PathRound, Round } from "./rounds.ts";
import { median, medianOfKnown } from "./statistics.ts";
import type { StrategyReport } from "./strategy-phase.ts";
import { strategyTables } from "./strategy-report.ts";
import { table } from "./table.ts";

export interface LoadFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCores: number | undefined;
  readonly clientCores: number;
  readonly perCpuSecond: number | undefined;
  /** Over all rounds. */
  readonly drops: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface PathFigures {
  readonly saturation: LoadFigures;
  readonly halfLoad: LoadFigures;
  readonly ratio: number;
  readonly cpuRatio: number | undefined;
  readonly persistedPerSecond: number | undefined;
}

export interface BenchReport extends Provenance {
  /** Every answer was the expected one and every audit passed. Speed is not judged. */
  readonly ok: boolean;
  readonly failures: readonly string[];
  /** Why the figures should not be trusted, if there is a reason. */
  readonly warnings: readonly string[];
  readonly plan: BenchPlan;
  readonly pinned: boolean;
  readonly bare: Pick<PathFigures, "saturation" | "halfLoad">;
  readonly paths: Readonly<Record<PathName, PathFigures>>;
  readonly strategies: StrategyReport | undefined;
  readonly memory: MemoryReport | undefined;
  readonly savedTo?: string;
}

export function figuresOfRounds(rounds: readonly Round[]) {
  const figures = (path: PathName) => pathFigures(rounds.map((round) => round.paths[path]));
  const entries = pathNames.map((path) => [path, figures(path)] as const);
  return {
    bare: {
      saturation: loadFigures(rounds.map(({ bare }) => bare.saturation)),
      halfLoad: loadFigures(rounds.map(({ bare }) => bare.halfLoad)),
    },
    paths: Object.fromEntries(entries) as Record<PathName, PathFigures>,
  };
}

function pathFigures(rounds: readonly PathRound[]): PathFigures {
  return {
    saturation: loadFigures(rounds.map((round) => round.saturation)),
    halfLoad: loadFigures(rounds.map((round) => round.halfLoad)),
    ratio: median(rounds.map((round) => round.ratio)),
    cpuRatio: medianOfKnown(rounds.map((round) => round.cpuRatio)),
    persistedPerSecond: medianOfKnown(rounds.map((round) => round.persistedPerSecond)),
  };
}

function loadFigures(runs: readonly LoadResult[]): LoadFigures {
  return {
    perSecond: Math.round(median(runs.map((run) => run.perSecond))),
    p50Ms: median(runs.map((run) => run.latency.p50Ms)),
    p99Ms: median(runs.map((run) => run.latency.p99Ms)),
    serverCores: medianOfKnown(runs.map((run) => run.serverCores)),
    clientCores: median(runs.map((run) => run.clientCores)),
    perCpuSecond: medianOfKnown(runs.map((run) => run.perCpuSecond)),
    drops: runs.reduce((sum, run) => sum + run.drops, 0),
    statuses: sumOf(runs.map((run) => run.statuses)),
  };
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [status, count] of counts.flatMap(Object.entries)) {
    sum[status] = (sum[status] ?? 0) + count;
  }
  return sum;
}

/** At saturation a pinned server that is the bottleneck keeps its core busy nearly all the time. */
const BUSY_CORES = 0.9;

export function warningsOf(
  figures: Pick<BenchReport, "bare" | "paths" | "pinned" | "machine">,
): string[] {
  return [...processorWarnings(figures), ...diskWarnings(figures.machine)];
}

function diskWarnings({ filesystem }: Machine): string[] {
  const inMemory = filesystem === "tmpfs";
  return inMemory ? ["the data was kept in memory (tmpfs): set TMPDIR to a directory on disk"] : [];
}

function processorWarnings(figures: Pick<BenchReport, "bare" | "paths" | "pinned">): string[] {
  const runs = { bare: figures.bare, ...figures.paths };
  if (!figures.pinned) return ["server and load share cores: ratios include the load's own cost"];
  return Object.entries(runs).flatMap(([name, { saturation }]) => {
    const { serverCores = 1, clientCores } = saturation;
    if (serverCores >= BUSY_CORES) return [];
    const why = clientCores >= BUSY_CORES ? "the load was the bottleneck" : "others used its core";
    return [`${name}: the server was busy for ${serverCores.toFixed(2)} of its core: ${why}`];
  });
}

const HEAD = ["", "req/s", "÷ bare", "per cpu s", "÷ bare", "p50", "p99", "server", "load"];
const HALF_HEAD = ["at half load", "req/s", "p50", "p99", "drops", "server", "load"];

export function formatBench(report: BenchReport): string {
  const { bare, paths } = report;
  const rows = pathNames.map((path) => saturationRow(path, paths[path]));
  const halfRows = pathNames.map((path) => halfLoadRow(path, paths[path].halfLoad));
  const bareRow = saturationRow("bare", { ...bare, ratio: 1, cpuRatio: 1 });
  return [
    headline(report),
    table([HEAD, bareRow, ...rows]),
    table([HALF_HEAD, halfLoadRow("bare", bare.halfLoad), ...halfRows]),
    `persisted  ${whole(paths.accept.persistedPerSecond ?? 0)}/s of the accepted orders`,
    ...strategyTables(report.strategies),
    ...memoryLines(report.memory),
    ...report.warnings.map((warning) => `warning    ${warning}`),
    ...report.failures.map((failure) => `FAILED     ${failure}`),
    ...(report.savedTo === undefined ? [] : [`saved to   ${report.savedTo}`]),
  ].join("\n");
}

function headline({ machine, commit, pinned, plan, ok }: BenchReport): string {
  const placed = pinned ? "server and load pinned to a core each" : "not pinned";
  const noisy = plan.quick ? ", quick: figures are indicative only" : "";
  const { bun, cpu, cores, kernel, filesystem } = machine;
  return (
    `bench ${ok ? "ok" : "FAILED"}: commit ${commit}, Bun ${bun}, ${cpu}, ${cores} cores, ` +
    `${kernel}, ${filesystem}\n${placed}, ${plan.connections} connections, ` +
    `medians of ${plan.rounds} rounds${noisy}\n`
  );
}

type Compared = Pick<PathFigures, "saturation" | "ratio" | "cpuRatio">;

function saturationRow(name: string, { saturation, ratio, cpuRatio }: Compared): string[] {
  const { perSecond, perCpuSecond, p50Ms, p99Ms, serverCores, clientCores } = saturation;
  return [
    name,
    whole(perSecond),
    ratio.toFixed(2),
    perCpuSecond === undefined ? "?" : whole(perCpuSecond),
    cpuRatio === undefined ? "?" : cpuRatio.toFixed(2),
    ...[p50Ms, p99Ms].map(ms),
    ...[serverCores, clientCores].map(cores),
  ];
}

function halfLoadRow(name: string, figures: LoadFigures): string[] {
  const { perSecond, p50Ms, p99Ms, drops, serverCores, clientCores } = figures;
  const usage = [serverCores, clientCores].map(cores);
  return [name, whole(perSecond), ms(p50Ms), ms(p99Ms), whole(drops), ...usage];
}

function memoryLines(memory: MemoryReport | undefined): string[] {
  if (memory === undefined) return [];
  const { orders, startMiB = 0, afterLoadMiB = 0, settledMiB = 0 } = memory;
  const lag = memory.persistLagP99;
  const speed = [memory.acceptedPerSecond, memory.persistedPerSecond].map(whole);
  return [
    `memory     ${startMiB} MiB at the start, ${afterLoadMiB} MiB after ${whole(orders)} orders, ` +
      `${settledMiB} MiB settled (${speed[0]}/s accepted, ${speed[1]}/s persisted)`,
    ...(lag === undefined ? [] : [`persist lag within ${lag * 1_000} ms for 99 of 100 batches`]),
  ];
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

function cores(value: number | undefined): string {
  return value === undefined ? "?" : value.toFixed(2);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
