/** A steady rate that does not care how the server feels: each request is due at its time, and its
 *  latency counts from then, whether or not a connection was free. */
import type { ConnectionPool } from "../rush/connection-pool.ts";
import type { Exchange } from "../rush/exchange.ts";
import type { HttpResponse } from "../rush/response.ts";
import { type Pace, startTicker } from "../rush/ticker.ts";
import { LoadMeter, type LoadResult } from "./load-meter.ts";
import type { PreparedRequests } from "./prepared-requests.ts";

export interface OpenLoop {
  readonly pool: ConnectionPool;
  readonly requests: PreparedRequests;
  readonly perSecond: number;
  readonly seconds: number;
  readonly serverPid: number;
  readonly pace: Pace;
}

export function sendSteadily(loop: OpenLoop): Promise<LoadResult> {
  return new SteadyLoad(loop).run();
}

class SteadyLoad {
  readonly loop: OpenLoop;
  readonly meter: LoadMeter;
  private readonly finished = Promise.withResolvers<LoadResult>();
  private startedAt = 0;
  private due = 0;
  private open = 0;
  private stopTicker = () => {};

  constructor(loop: OpenLoop) {
    this.loop = loop;
    this.meter = new LoadMeter(loop.serverPid);
  }

  run(): Promise<LoadResult> {
    this.startedAt = this.meter.start();
    this.stopTicker = startTicker(() => this.tick(performance.now()), this.loop.pace);
    return this.finished.promise;
  }

  settled(): void {
    this.open -= 1;
  }

  private tick(now: number): void {
    const { perSecond, seconds } = this.loop;
    const total = Math.floor(perSecond * seconds);
    while (this.due < total) {
      const dueAt = this.startedAt + (this.due * 1000) / perSecond;
      if (dueAt > now) return;
      this.due += 1;
      this.send(dueAt, now);
    }
    if (this.open > 0) return;
    this.stopTicker();
    this.finished.resolve(this.meter.finish());
  }

  private send(dueAt: number, now: number): void {
    const { requests, pool } = this.loop;
    const request = requests.take();
    if (request === -1) throw new Error("too few requests were prepared");
    const [start, length] = [requests.startOf(request), requests.lengthOf(request)];
    if (pool.submit(new Shot(this, start, length, dueAt), now)) this.open += 1;
    else this.meter.drops += 1;
  }
}

class Shot implements Exchange {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
  private readonly dueAt: number;
  private readonly load: SteadyLoad;

  constructor(load: SteadyLoad, start: number, length: number, dueAt: number) {
    this.load = load;
    this.bytes = load.loop.requests.bytes;
    this.start = start;
    this.length = length;
    this.dueAt = dueAt;
  }

  onAnswer(response: HttpResponse): void {
    this.load.meter.answered(response, performance.now() - this.dueAt);
    this.load.settled();
  }

  onLost(): void {
    this.load.meter.lost += 1;
    this.load.settled();
  }
}
