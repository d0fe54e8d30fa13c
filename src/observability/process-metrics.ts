/** The process itself, under the names that every Prometheus client uses. prom-client's own
 *  collection isn't used: half of what it reads of Node's internals is wrong or empty on Bun. */
import type { Registry } from "prom-client";
import { readCounter, readGauge } from "./collectors.ts";
import { metricNames } from "./names.ts";

export function processMetrics(registry: Registry): void {
  const startedAt = Math.round(Date.now() / 1000 - process.uptime());
  readCounter(registry, metricNames.processCpu, cpuSeconds);
  readGauge(registry, metricNames.processMemory, () => process.memoryUsage.rss());
  readGauge(registry, metricNames.processHeap, () => process.memoryUsage().heapUsed);
  readGauge(registry, metricNames.processStart, () => startedAt);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
