/** Metrics whose numbers somebody else keeps: they are read whenever the registry is. */
import { Counter, Gauge, type Registry } from "prom-client";
import { type MetricName, metricHelp } from "./names.ts";
import type { Tally } from "./tally.ts";

export function readCounter(registry: Registry, name: MetricName, total: () => number): void {
  new Counter({
    ...described(registry, name),
    collect() {
      this.reset();
      this.inc(total());
    },
  });
}

export function readGauge(registry: Registry, name: MetricName, value: () => number): void {
  new Gauge({
    ...described(registry, name),
    collect() {
      this.set(value());
    },
  });
}

/** A counter by one label, whose numbers live in a tally. */
export function readTally(registry: Registry, name: MetricName, label: string, tally: Tally): void {
  new Counter({
    ...described(registry, name),
    labelNames: [label],
    collect() {
      this.reset();
      for (const [value, count] of tally.counts()) this.inc({ [label]: value }, count);
    },
  });
}

/** The name, its help text, and where it is registered: the head of every metric. */
export function described(registry: Registry, name: MetricName) {
  return { name, help: metricHelp[name], registers: [registry] };
}
