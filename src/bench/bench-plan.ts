/** How long and how often the bench measures. The quick plan only proves that the bench works; its
 *  figures are too noisy to quote. */
import type { Strategy } from "../domain/sale.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { Cluster } from "../rush/rush-plan.ts";

export interface BenchOptions {
  /** Half a minute instead of several. */
  readonly quick?: boolean;
  readonly rounds?: number;
  readonly connections?: number;
  /** Orders of the memory phase; 0 leaves it out. */
  readonly orders?: number;
  /** How the sales take their units; asked for, the ways to do so are compared as well. */
  readonly strategy?: Strategy;
  /** Stores for an engine of several processes; called for each one that is started. */
  readonly newCluster?: () => Promise<Cluster>;
  /** Keeps the results under this directory. */
  readonly saveTo?: string;
  readonly onProgress?: (line: string) => void;
}

export interface BenchPlan {
  readonly quick: boolean;
  readonly rounds: number;
  readonly connections: number;
  readonly orders: number;
  readonly warmUpSeconds: number;
  readonly saturationSeconds: number;
  readonly halfLoadSeconds: number;
  /** Exchanges that may wait for a connection under the open load, before they are dropped. */
  readonly queueMax: number;
  /** Of every sale. */
  readonly strategy: Strategy;
  readonly comparesStrategies: boolean;
  readonly deadlineMs: number;
  readonly stores: "embedded" | "clustered";
  readonly newCluster: (() => Promise<Cluster>) | undefined;
}

const FULL = {
  rounds: 5,
  orders: 200_000,
  warmUpSeconds: 4,
  saturationSeconds: 2,
  halfLoadSeconds: 2,
};
const QUICK = {
  rounds: 2,
  orders: 20_000,
  warmUpSeconds: 0.7,
  saturationSeconds: 0.6,
  halfLoadSeconds: 0.5,
};

export function planBench(options: BenchOptions): Result<BenchPlan, string> {
  const quick = options.quick ?? false;
  const defaults = quick ? QUICK : FULL;
  const plan = {
    ...defaults,
    quick,
    connections: options.connections ?? 64,
    rounds: options.rounds ?? defaults.rounds,
    orders: options.orders ?? defaults.orders,
    queueMax: 10_000,
    strategy: options.strategy ?? "atomic",
    comparesStrategies: options.strategy !== undefined,
    deadlineMs: 10_000,
    stores: options.newCluster === undefined ? ("embedded" as const) : ("clustered" as const),
    newCluster: options.newCluster,
  };
  const problem =
    outside("rounds", plan.rounds, 1, 100) ??
    outside("connections", plan.connections, 1, 10_000) ??
    outside("orders", plan.orders, 0, 10_000_000);
  return problem === undefined ? ok(plan) : err(problem);
}

function outside(name: string, value: number, least: number, most: number): string | undefined {
  if (Number.isInteger(value) && value >= least && value <= most) return undefined;
  return `${name} is ${value}; it must be a whole number between ${least} and ${most}`;
}
