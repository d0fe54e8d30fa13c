/** The server a rush goes to, running already or started for the occasion, and the tokens to use
 *  there. */
import { randomBytes } from "node:crypto";
import { inParallel } from "../lib/in-parallel.ts";
import type { StoredSale } from "./checker.ts";
import { startClusterProcesses } from "./cluster-processes.ts";
import { startEngine } from "./engine-process.ts";
import { readStoredInMysql } from "./mysql-tables.ts";
import { readStoredSale } from "./raw-tables.ts";
import type { Cluster, RushOptions } from "./rush-plan.ts";
import { fetchDevToken } from "./sale-client.ts";
import { makeTemporaryDirectory } from "./temporary-directory.ts";
import { TokenSigner } from "./tokens.ts";

export interface Target {
  readonly url: string;
  readonly adminToken: string;
  readonly buyerToken: (buyerId: string) => string;
  /** Reads the sale past the engine, if that can be done. A temporary server may be stopped for
   * it. */
  readonly readTables: ((saleId: string) => Promise<StoredSale>) | undefined;
  /** The process of a temporary server that answers HTTP. */
  readonly pid: number | undefined;
  /** Stops a temporary server and removes its data; leaves a running one alone. */
  close(): Promise<void>;
}

const TOKEN_REQUESTS = 32;

/** Throws a RushError if the server does not start or gives no tokens. */
export function openTarget(options: RushOptions, buyerIds: readonly string[]): Promise<Target> {
  const { url, cluster } = options;
  if (url !== undefined) return joinRunning(url.replace(/\/$/, ""), options, buyerIds);
  return cluster === undefined ? startTemporary() : startCluster(cluster);
}

async function startTemporary(): Promise<Target> {
  const data = await makeTemporaryDirectory("rush");
  const secret = newSecret();
  try {
    const engine = await startEngine({ dataDir: data.path, secret });
    const close = async () => {
      await engine.stop();
      await data.remove();
    };
    const readTables = async (saleId: string) => {
      await engine.stop();
      return readStoredSale(data.path, saleId);
    };
    const { url, pid } = engine;
    return { url, ...signedTokens(secret), readTables, pid, close };
  } catch (error) {
    await data.remove();
    throw error;
  }
}

async function startCluster(cluster: Cluster): Promise<Target> {
  const data = await makeTemporaryDirectory("rush");
  const secret = newSecret();
  const remove = async () => {
    await data.remove();
    await cluster.remove();
  };
  try {
    const { api, stop } = await startClusterProcesses(cluster, { dataDir: data.path, secret });
    const readTables = (saleId: string) => readStoredInMysql(cluster.mysql, saleId);
    const close = async () => {
      await stop();
      await remove();
    };
    return { url: api.url, ...signedTokens(secret), readTables, pid: api.pid, close };
  } catch (error) {
    await remove();
    throw error;
  }
}

export function newSecret(): string {
  return randomBytes(32).toString("hex");
}

export function signedTokens(secret: string) {
  const signer = new TokenSigner(secret, Date.now());
  return {
    adminToken: signer.sign("rush-admin", "admin"),
    buyerToken: (buyerId: string) => signer.sign(buyerId, "buy"),
  };
}

async function joinRunning(
  url: string,
  options: RushOptions,
  buyerIds: readonly string[],
): Promise<Target> {
  const { signingSecret, adminToken, dataDir } = options;
  const tokens =
    signingSecret === undefined
      ? await devTokens(url, adminToken, buyerIds)
      : signedTokens(signingSecret);
  const readTables =
    dataDir === undefined ? undefined : async (saleId: string) => readStoredSale(dataDir, saleId);
  return { url, ...tokens, readTables, pid: undefined, close: async () => {} };
}

/** Asked for before the load begins, so that it costs time but disturbs nothing. */
async function devTokens(url: string, given: string | undefined, buyerIds: readonly string[]) {
  const adminToken = given ?? (await fetchDevToken(url, "rush-admin", "admin"));
  const entries = await inParallel(
    buyerIds,
    TOKEN_REQUESTS,
    async (buyerId) => [buyerId, await fetchDevToken(url, buyerId, "buy")] as const,
  );
  const tokenOf = new Map(entries);
  return { adminToken, buyerToken: (buyerId: string) => tokenOf.get(buyerId) ?? "" };
}
