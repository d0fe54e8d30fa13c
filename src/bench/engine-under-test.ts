/** The engine as the bench drives it: its own process on a fresh data directory, one sale a path,
 *  one connection pool, and the audit after every run. */
import type { Strategy } from "../domain/sale.ts";
import { startClusterProcesses } from "../rush/cluster-processes.ts";
import { ConnectionPool } from "../rush/connection-pool.ts";
import { type EngineProcess, startEngine } from "../rush/engine-process.ts";
import { type Endpoint, endpointOf } from "../rush/exchange.ts";
import { waitUntilPersisted } from "../rush/persistence.ts";
import type { Cluster, LockRates } from "../rush/rush-plan.ts";
import { SaleClient } from "../rush/sale-client.ts";
import { newSecret } from "../rush/target.ts";
import { makeTemporaryDirectory } from "../rush/temporary-directory.ts";
import { TokenSigner } from "../rush/tokens.ts";
import type { BenchPlan } from "./bench-plan.ts";
import { FreshBuyers } from "./buyers.ts";
import { type PathName, pathNames, paths } from "./paths.ts";

export interface EngineUnderTest {
  /** The one that answers purchases. */
  readonly process: EngineProcess;
  /** Where the role that places orders shows its metrics. */
  readonly ordersUrl: string;
  readonly endpoint: Endpoint;
  readonly pool: ConnectionPool;
  readonly buyers: FreshBuyers;
  readonly client: SaleClient;
  readonly saleIds: Readonly<Record<PathName, string>>;
  /** What turns at the lock of a sale gain; undefined without etcd. */
  readonly lockRates: ((saleId: string, plan: LockRatesPlan) => Promise<LockRates>) | undefined;
  stop(): Promise<void>;
}

type LockRatesPlan = Parameters<Cluster["lockRates"]>[2];

export async function startEngineUnderTest(
  plan: BenchPlan,
  core: number | undefined,
): Promise<EngineUnderTest> {
  const secret = newSecret();
  const signer = new TokenSigner(secret, Date.now());
  const started = await startProcesses(plan, secret, core);
  const { engine, ordersUrl, lockRates, stop: stopEngine } = started;
  const client = new SaleClient(engine.url, signer.sign("bench-admin", "admin"));
  const endpoint = endpointOf(engine.url);
  const pool = new ConnectionPool({ endpoint, ...plan });
  const saleIds = await openSales(client, plan.strategy);
  await pool.ready;
  const stop = async () => {
    pool.close();
    await stopEngine();
  };
  const buyers = new FreshBuyers(signer);
  const load = { endpoint, pool, buyers, client, saleIds };
  return { process: engine, ordersUrl, ...load, lockRates, stop };
}

async function startProcesses(plan: BenchPlan, secret: string, core: number | undefined) {
  const data = await makeTemporaryDirectory("bench");
  if (plan.newCluster === undefined) {
    const engine = await startEngine({ dataDir: data.path, secret, core });
    const stop = async () => {
      await engine.stop();
      await data.remove();
    };
    return { engine, ordersUrl: engine.url, lockRates: undefined, stop };
  }
  const cluster = await plan.newCluster();
  const processes = await startClusterProcesses(cluster, { dataDir: data.path, secret, core });
  const stop = async () => {
    await processes.stop();
    await data.remove();
    await cluster.remove();
  };
  const lockRates = (saleId: string, asked: LockRatesPlan) =>
    cluster.lockRates(saleId, data.path, asked);
  return { engine: processes.api, ordersUrl: processes.ordersUrl, lockRates, stop };
}

async function openSales(
  client: SaleClient,
  strategy: Strategy,
): Promise<Record<PathName, string>> {
  const opened: Record<PathName, string> = { accept: "", soldOut: "", limited: "", read: "" };
  for (const path of pathNames)
    opened[path] = (await client.openSale({ ...paths[path].sale, strategy })).id;
  return opened;
}

/** Waits until the sale is settled and asks for the verdict: what is wrong, or nothing. */
export async function auditFindings(
  { client, saleIds }: EngineUnderTest,
  path: PathName,
  acceptedSoFar?: number,
): Promise<string[]> {
  const found = await auditOfSale(client, saleIds[path], acceptedSoFar);
  return found.map((finding) => `${path}: ${finding}`);
}

export async function auditOfSale(
  client: SaleClient,
  saleId: string,
  acceptedSoFar?: number,
): Promise<string[]> {
  const audit = await waitUntilPersisted(client, saleId);
  const findings: string[] = [];
  if (audit.ok !== true) findings.push(`the audit fails: ${JSON.stringify(audit)}`);
  if (acceptedSoFar !== undefined && audit.orders !== acceptedSoFar) {
    findings.push(`${acceptedSoFar} orders accepted, ${audit.orders} persisted`);
  }
  return findings;
}
