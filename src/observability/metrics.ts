/** The metrics of one engine, in a registry of its own, so that two engines in one process don't
 *  mix. What is counted per request is kept in plain numbers and handed to the registry when
 *  somebody asks. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ProblemCode } from "../domain/errors.ts";
import { described, readCounter, readGauge, readTally } from "./collectors.ts";
import { createHttpMeter, type HttpMeter, type RouteMeter } from "./http-meter.ts";
import { labelNames, type MetricName, metricNames } from "./names.ts";
import { processMetrics } from "./process-metrics.ts";
import { createTally } from "./tally.ts";

/** What the metrics ask when they are read. */
export interface MetricSources {
  saleCache(): { readonly hits: number; readonly misses: number };
  purchasesWaiting(): number;
  ordersUnlogged(): number;
  lockedStock(): {
    readonly turns: number;
    readonly waitedMs: number;
    readonly heldMs: number;
    readonly decided: number;
    readonly stale: number;
  };
  limiter(): { readonly calls: number; readonly failures: number };
  logSessionsBroken(): number;
  logAssignments(): number;
}

/** What one batch of the ledger came to. */
export interface PlacementCounts {
  readonly placed: number;
  readonly refused: number;
  readonly duplicates: number;
  readonly poison: number;
  readonly lagMs: number;
}

/** What a controller has done, counted. */
export interface ControllerCounts {
  swept(orders: number): void;
  rebuilt(sales: number): void;
  overtaken(sales: number): void;
  mended(count: number): void;
  uneven(sales: number): void;
  holding(sales: number): void;
  adapted(rates: readonly AdaptedRate[]): void;
}

/** An adaptive rate as it is now, and why it was lowered just now. */
export interface AdaptedRate {
  readonly saleId: string;
  readonly perSecond: number;
  readonly lowered: string | null;
}

/** A problem's code, unless the purchase was taken; `repeated` is a request key seen before. */
export type PurchaseOutcome = "accepted" | "reserved" | "repeated" | ProblemCode;

export interface Metrics {
  /** The counters of a route: ask once, count often. */
  route(method: string, route: string): RouteMeter;
  purchase(outcome: PurchaseOutcome): void;
  rateLimited(policy: string): void;
  accessDenied(): void;
  /** Idle connections were closed to make room. */
  connectionsShed(): void;
  observePlacement(counts: PlacementCounts): void;
  /** What a controller tells. */
  readonly controller: ControllerCounts;
  /** Everything, in Prometheus's text format 0.0.4. */
  text(): Promise<string>;
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const http = createHttpMeter();
  const purchases = createTally();
  const limited = createTally();
  let denials = 0;
  const shed = new Counter(described(registry, metricNames.connectionsShed));
  const placement = placementMetrics(registry);
  answerMetrics(registry, http);
  readTally(registry, metricNames.purchases, labelNames.outcome, purchases);
  readTally(registry, metricNames.rateLimited, labelNames.policy, limited);
  readCounter(registry, metricNames.accessDenied, () => denials);
  sourceMetrics(registry, sources);
  processMetrics(registry);
  return {
    route: http.route,
    purchase: purchases.add,
    rateLimited: limited.add,
    accessDenied: () => {
      denials += 1;
    },
    connectionsShed: () => shed.inc(),
    ...placement,
    controller: controllerMetrics(registry),
    text: async () => `${await registry.metrics()}\n${http.durationText()}\n`,
  };
}

function placementMetrics(registry: Registry) {
  const placed = new Counter(described(registry, metricNames.ordersPlaced));
  const refused = new Counter(described(registry, metricNames.ordersRefused));
  const duplicate = new Counter(described(registry, metricNames.ordersDuplicate));
  const poison = new Counter(described(registry, metricNames.ordersPoison));
  const lag = new Histogram({
    ...described(registry, metricNames.persistLag),
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
  });

  function observePlacement(counts: PlacementCounts): void {
    placed.inc(counts.placed);
    refused.inc(counts.refused);
    duplicate.inc(counts.duplicates);
    poison.inc(counts.poison);
    lag.observe(counts.lagMs / 1000);
  }

  return { observePlacement };
}

function controllerMetrics(registry: Registry): ControllerCounts {
  const counter = (name: MetricName) => {
    const counted = new Counter(described(registry, name));
    return (count: number) => counted.inc(count);
  };
  const held = new Gauge(described(registry, metricNames.salesHeld));
  return {
    swept: counter(metricNames.ordersSwept),
    rebuilt: counter(metricNames.salesRebuilt),
    overtaken: counter(metricNames.staleRefused),
    mended: counter(metricNames.stockMended),
    uneven: counter(metricNames.salesUneven),
    holding: (sales) => held.set(sales),
    adapted: adaptedMetrics(registry),
  };
}

/** A sale that this process no longer holds is no longer its to tell of. */
function adaptedMetrics(registry: Registry): ControllerCounts["adapted"] {
  const lowered = createTally();
  readTally(registry, metricNames.saleRateLowered, labelNames.reason, lowered);
  const labels = [labelNames.sale];
  const rate = new Gauge({ ...described(registry, metricNames.saleRate), labelNames: labels });
  return (rates) => {
    rate.reset();
    for (const { saleId, perSecond, lowered: reason } of rates) {
      rate.set({ [labelNames.sale]: saleId }, perSecond);
      if (reason !== null) lowered.add(reason);
    }
  };
}

function answerMetrics(registry: Registry, http: HttpMeter): void {
  new Counter({
    ...described(registry, metricNames.httpRequests),
    labelNames: [labelNames.method, labelNames.route, labelNames.status],
    collect() {
      this.reset();
      for (const { count, ...labels } of http.counts()) this.inc(labels, count);
    },
  });
}

function sourceMetrics(registry: Registry, sources: MetricSources): void {
  readCounter(registry, metricNames.saleCacheHits, () => sources.saleCache().hits);
  readCounter(registry, metricNames.saleCacheMisses, () => sources.saleCache().misses);
  readCounter(registry, metricNames.lockTurns, () => sources.lockedStock().turns);
  readCounter(registry, metricNames.lockWaited, () => sources.lockedStock().waitedMs / 1_000);
  readCounter(registry, metricNames.lockHeld, () => sources.lockedStock().heldMs / 1_000);
  readCounter(registry, metricNames.lockDecided, () => sources.lockedStock().decided);
  readCounter(registry, metricNames.lockStale, () => sources.lockedStock().stale);
  readCounter(registry, metricNames.limiterCalls, () => sources.limiter().calls);
  readCounter(registry, metricNames.limiterFailures, () => sources.limiter().failures);
  readCounter(registry, metricNames.ordersUnlogged, sources.ordersUnlogged);
  readCounter(registry, metricNames.logSessionsBroken, sources.logSessionsBroken);
  readCounter(registry, metricNames.logAssignments, sources.logAssignments);
  readGauge(registry, metricNames.purchasesWaiting, () => sources.purchasesWaiting());
}
