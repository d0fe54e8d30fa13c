/** What a sweep of the simulator came to. */
import type { Plan } from "../../test/sim/plan.ts";
import type { Outcome } from "../../test/sim/run.ts";

export interface Failure {
  readonly seed: string;
  readonly promise: string;
  readonly detail: string;
}

export interface Tally {
  readonly failures: readonly Failure[];
  failed(plan: Plan, what: Omit<Failure, "seed">): void;
  add(plan: Plan, outcome: Outcome): void;
  counts(minutes: number): object;
}

export function newTally(): Tally {
  const failures: Failure[] = [];
  const faults: Record<string, number> = {};
  let [seeds, ms, steps, calls, accepted] = [0, 0, 0, 0, 0];

  function add(plan: Plan, outcome: Outcome): void {
    seeds += 1;
    ms += outcome.ms;
    steps += outcome.steps;
    calls += outcome.calls;
    accepted += outcome.accepted;
    for (const { kind } of plan.faults) faults[kind] = (faults[kind] ?? 0) + 1;
  }

  const counts = (minutes: number) => ({
    seeds,
    violations: failures.length,
    "seeds a minute": Math.round(seeds / minutes),
    "simulated hours": Number((ms / 3_600_000).toFixed(2)),
    happenings: steps,
    "calls of buyers": calls,
    accepted,
    faults,
  });
  const failed: Tally["failed"] = ({ seed }, { promise, detail }) =>
    void failures.push({ seed, promise, detail });
  return { failures, failed, add, counts };
}
