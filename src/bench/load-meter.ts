/** Counts what a load met: answers by status, latency, drops, and what both processes used for
 *  it. */
import { Histogram, type LatencySummary } from "../rush/histogram.ts";
import { cpuSecondsOf } from "../rush/process-usage.ts";
import { bodyText, type HttpResponse } from "../rush/response.ts";

export interface LoadResult {
  readonly seconds: number;
  readonly answered: number;
  readonly perSecond: number;
  /** All answers by status, those included that came after the window had closed. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly drops: number;
  readonly latency: LatencySummary;
  /** Cores that the server kept busy; undefined where the system does not tell. */
  readonly serverCores: number | undefined;
  readonly clientCores: number;
  /** Answers per second of server CPU time. */
  readonly perCpuSecond: number | undefined;
  /** The body of the first answer of each status, to check what was measured. */
  readonly examples: Readonly<Record<string, string>>;
}

const STATUSES = 600;

export class LoadMeter {
  drops = 0;
  lost = 0;
  private readonly latency = new Histogram();
  private readonly byStatus = new Float64Array(STATUSES);
  private readonly examples: Record<string, string> = {};
  private readonly serverPid: number;
  private startedAt = 0;
  private serverBefore: number | undefined;
  private clientBefore = process.cpuUsage();

  constructor(serverPid: number) {
    this.serverPid = serverPid;
  }

  start(): number {
    this.serverBefore = cpuSecondsOf(this.serverPid);
    this.clientBefore = process.cpuUsage();
    this.startedAt = performance.now();
    return this.startedAt;
  }

  answered(response: HttpResponse, latencyMs: number): void {
    const { status } = response;
    const seen = this.byStatus[status] ?? 0;
    if (seen === 0) this.examples[status] = bodyText(response);
    this.byStatus[status] = seen + 1;
    this.latency.record(latencyMs);
  }

  finish(): LoadResult {
    const seconds = (performance.now() - this.startedAt) / 1000;
    const { user, system } = process.cpuUsage(this.clientBefore);
    const serverAfter = cpuSecondsOf(this.serverPid);
    const serverSeconds =
      this.serverBefore === undefined || serverAfter === undefined
        ? undefined
        : serverAfter - this.serverBefore;
    const answered = this.latency.count;
    return {
      seconds,
      answered,
      perSecond: answered / seconds,
      statuses: this.statuses(),
      lost: this.lost,
      drops: this.drops,
      latency: this.latency.summary(),
      serverCores: serverSeconds === undefined ? undefined : serverSeconds / seconds,
      clientCores: (user + system) / 1e6 / seconds,
      perCpuSecond: serverSeconds ? answered / serverSeconds : undefined,
      examples: this.examples,
    };
  }

  statuses(): Record<string, number> {
    const counts = [...this.byStatus.entries()].filter(([, count]) => count > 0);
    return Object.fromEntries(counts.map(([status, count]) => [String(status), count]));
  }
}
