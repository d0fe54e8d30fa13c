// The three curves of a run: rate, lag and refusals over time.

import type { RunResult } from "./run.ts";

export interface Curve {
  readonly title: string;
  readonly unit: string;
  /** A value for each sample. */
  readonly values: readonly (number | null)[];
  /** A line across, and what it is. */
  readonly mark?: { readonly at: number; readonly name: string };
}

export function curvesOf({ plan, samples }: RunResult): readonly Curve[] {
  const rates = samples.map(({ perSecond }) => perSecond ?? plan.ceiling);
  return [
    {
      ...{ title: "rate in force", unit: "/s", values: rates },
      mark: { at: plan.ceiling, name: "ceiling" },
    },
    {
      ...{ title: "persist lag", unit: " ms", values: samples.map(({ lagMs }) => lagMs) },
      mark: { at: 1_000, name: "1 s" },
    },
    {
      ...{ title: "refused (429, sale)", unit: "/s" },
      values: samples.map(({ refused }) => refused.sale ?? 0),
    },
    {
      ...{ title: "accepted", unit: "/s" },
      values: samples.map(({ accepted }) => accepted),
    },
  ];
}
