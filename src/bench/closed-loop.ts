/** Saturation: every connection sends its next request as soon as it has an answer. This finds what
 *  a server can do at most; its latencies say little, since a slow server slows the load down. */
import type { ConnectionPool } from "../rush/connection-pool.ts";
import type { Exchange } from "../rush/exchange.ts";
import type { HttpResponse } from "../rush/response.ts";
import { LoadMeter, type LoadResult } from "./load-meter.ts";
import type { PreparedRequests } from "./prepared-requests.ts";

export interface ClosedLoop {
  readonly pool: ConnectionPool;
  readonly connections: number;
  readonly requests: PreparedRequests;
  readonly seconds: number;
  readonly serverPid: number;
}

/** Ends after its time, or earlier when the requests have run out. */
export async function saturate(loop: ClosedLoop): Promise<LoadResult> {
  const meter = new LoadMeter(loop.serverPid);
  const finished = Promise.withResolvers<LoadResult>();
  const endAt = meter.start() + loop.seconds * 1000;
  let running = loop.connections;
  let result: LoadResult | undefined;
  const laneEnded = () => {
    // The window closes when the first lane stops: from then on the server is not saturated.
    result ??= meter.finish();
    running -= 1;
    if (running === 0)
      finished.resolve({ ...result, lost: meter.lost, statuses: meter.statuses() });
  };
  for (let lane = 0; lane < loop.connections; lane++) {
    new Lane(loop, meter, endAt, laneEnded).next(performance.now());
  }
  return finished.promise;
}

class Lane implements Exchange {
  readonly bytes: Buffer;
  start = 0;
  length = 0;
  private sentAt = 0;
  private readonly loop: ClosedLoop;
  private readonly meter: LoadMeter;
  private readonly endAt: number;
  private readonly ended: () => void;

  constructor(loop: ClosedLoop, meter: LoadMeter, endAt: number, ended: () => void) {
    this.bytes = loop.requests.bytes;
    this.loop = loop;
    this.meter = meter;
    this.endAt = endAt;
    this.ended = ended;
  }

  next(now: number): void {
    const { requests, pool } = this.loop;
    const request = now < this.endAt ? requests.take() : -1;
    if (request === -1) {
      this.ended();
      return;
    }
    this.start = requests.startOf(request);
    this.length = requests.lengthOf(request);
    this.sentAt = now;
    pool.submit(this, now);
  }

  onAnswer(response: HttpResponse): void {
    const now = performance.now();
    this.meter.answered(response, now - this.sentAt);
    this.next(now);
  }

  onLost(): void {
    this.meter.lost += 1;
    this.next(performance.now());
  }
}
