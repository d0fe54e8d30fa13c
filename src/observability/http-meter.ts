/** Counts the answers of the HTTP routes. Plain numbers rather than a metrics library, because
 *  one purchase may cost some ten microseconds in all; they are read when somebody asks for
 *  them. */
import { durationBounds, labelNames, metricHelp, metricNames } from "./names.ts";

/** The counters of one method on one route. */
export interface RouteMeter {
  answered(status: number, seconds: number): void;
}

export interface AnsweredCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly count: number;
}

export interface HttpMeter {
  /** The same meter for the same method and route: ask once, count often. */
  route(method: string, route: string): RouteMeter;
  counts(): readonly AnsweredCount[];
  /** The duration histogram in Prometheus's text format 0.0.4. */
  durationText(): string;
}

interface Tally extends RouteMeter {
  readonly method: string;
  readonly route: string;
  readonly statuses: ReadonlyMap<number, number>;
  /** Answers by duration; the last entry holds what is above every bound. */
  readonly buckets: readonly number[];
  sumSeconds(): number;
}

export function createHttpMeter(): HttpMeter {
  const tallies = new Map<string, Tally>();

  function route(method: string, path: string): RouteMeter {
    const key = `${method} ${path}`;
    const known = tallies.get(key);
    if (known !== undefined) return known;
    const created = createTally(method, path);
    tallies.set(key, created);
    return created;
  }

  const counts = () => [...tallies.values()].flatMap(countsOf);
  const durationText = () => [...durationHead, ...[...tallies.values()].flatMap(lines)].join("\n");
  return { route, counts, durationText };
}

function createTally(method: string, route: string): Tally {
  const statuses = new Map<number, number>();
  const buckets = new Array<number>(durationBounds.length + 1).fill(0);
  let sum = 0;
  return {
    method,
    route,
    statuses,
    buckets,
    sumSeconds: () => sum,
    answered(status, seconds) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const at = bucketOf(seconds);
      buckets[at] = (buckets[at] ?? 0) + 1;
      sum += seconds;
    },
  };
}

function bucketOf(seconds: number): number {
  const at = durationBounds.findIndex((bound) => seconds <= bound);
  return at === -1 ? durationBounds.length : at;
}

function countsOf({ method, route, statuses }: Tally): AnsweredCount[] {
  return [...statuses].map(([status, count]) => ({ method, route, status, count }));
}

const durationHead = [
  `# HELP ${metricNames.httpDuration} ${metricHelp[metricNames.httpDuration]}`,
  `# TYPE ${metricNames.httpDuration} histogram`,
];

function lines(tally: Tally): string[] {
  const labels = `${labelNames.method}="${tally.method}",${labelNames.route}="${tally.route}"`;
  let running = 0;
  const buckets = tally.buckets.map((count, at) => {
    running += count;
    const bound = durationBounds[at] ?? "+Inf";
    return `${metricNames.httpDuration}_bucket{${labels},le="${bound}"} ${running}`;
  });
  return [
    ...buckets,
    `${metricNames.httpDuration}_sum{${labels}} ${tally.sumSeconds()}`,
    `${metricNames.httpDuration}_count{${labels}} ${running}`,
  ];
}
