/** The bare server and the engine side by side, each in its process, and the ways to put load on
 *  one of them while the other idles. */
import { ConnectionPool } from "../rush/connection-pool.ts";
import { type Endpoint, endpointOf } from "../rush/exchange.ts";
import { type BareServer, startBareServer } from "./bare-server.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { saturate } from "./closed-loop.ts";
import type { Cores } from "./cores.ts";
import { type EngineUnderTest, startEngineUnderTest } from "./engine-under-test.ts";
import type { LoadResult } from "./load-meter.ts";
import { sendSteadily } from "./open-loop.ts";
import { type PathName, requestsFor } from "./paths.ts";
import type { PreparedRequests } from "./prepared-requests.ts";

const BARE_REQUESTS = 10_000;
/** More requests than can be answered are prepared, so that time ends a phase and not their
 *  number. */
const SPARE = 1.3;
const FIRST_GUESS_PER_SECOND = 60_000;

/** A server under load: the bare one or the engine. */
interface Subject {
  readonly pool: ConnectionPool;
  readonly pid: number;
}

export class Rig {
  readonly engine: EngineUnderTest;
  private readonly plan: BenchPlan;
  private readonly cores: Cores;
  private readonly bareServer: BareServer;
  private readonly bare: Subject;
  private readonly bareRequests: PreparedRequests;
  private readonly fastest = new Map<PathName, number>();

  private constructor(plan: BenchPlan, cores: Cores, bare: BareServer, engine: EngineUnderTest) {
    this.plan = plan;
    this.cores = cores;
    this.engine = engine;
    this.bareServer = bare;
    const endpoint: Endpoint = endpointOf(bare.url);
    this.bare = { pool: new ConnectionPool({ endpoint, ...plan }), pid: bare.pid };
    const { buyers, saleIds } = engine;
    this.bareRequests = buyers.purchases(endpoint, saleIds.accept, BARE_REQUESTS, true);
  }

  static async start(plan: BenchPlan, cores: Cores): Promise<Rig> {
    const bare = await startBareServer(cores.server);
    try {
      const engine = await startEngineUnderTest(plan, cores.server);
      const rig = new Rig(plan, cores, bare, engine);
      await rig.bare.pool.ready;
      return rig;
    } catch (error) {
      await bare.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.bare.pool.close();
    await Promise.all([this.bareServer.stop(), this.engine.stop()]);
  }

  saturateBare(seconds: number): Promise<LoadResult> {
    return this.saturate(this.bare, this.bareRequests, seconds);
  }

  async saturatePath(path: PathName, seconds: number): Promise<LoadResult> {
    const guess = this.fastest.get(path) ?? FIRST_GUESS_PER_SECOND;
    const requests = this.prepare(path, guess * seconds * SPARE);
    const result = await this.saturate(this.engineSubject(), requests, seconds);
    this.fastest.set(path, Math.max(result.perSecond, this.fastest.get(path) ?? 0));
    return result;
  }

  halfLoadBare(perSecond: number): Promise<LoadResult> {
    return this.steady(this.bare, this.bareRequests, perSecond);
  }

  halfLoadPath(path: PathName, perSecond: number): Promise<LoadResult> {
    const requests = this.prepare(path, perSecond * this.plan.halfLoadSeconds + 1);
    return this.steady(this.engineSubject(), requests, perSecond);
  }

  private saturate({ pool, pid }: Subject, requests: PreparedRequests, seconds: number) {
    const { connections } = this.plan;
    return saturate({ pool, connections, requests, seconds, serverPid: pid });
  }

  private steady({ pool, pid }: Subject, requests: PreparedRequests, perSecond: number) {
    // Spinning needs a core of its own; on a shared one it would take the server's.
    const pace = this.cores.pinned ? "spinning" : "relaxed";
    const seconds = this.plan.halfLoadSeconds;
    return sendSteadily({ pool, requests, perSecond, seconds, serverPid: pid, pace });
  }

  private prepare(path: PathName, count: number): PreparedRequests {
    const { buyers, endpoint, saleIds } = this.engine;
    return requestsFor(path, buyers, endpoint, saleIds[path], Math.ceil(count));
  }

  private engineSubject(): Subject {
    return { pool: this.engine.pool, pid: this.engine.process.pid };
  }
}
