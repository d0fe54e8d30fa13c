/** The server a rush goes to, running already or started for the occasion, and the tokens to use
 *  there. */
import { randomBytes } from "node:crypto";
import { type EngineProcess, startEngine } from "./engine-process.ts";
import { inParallel } from "./in-parallel.ts";
import type { RushOptions } from "./rush-plan.ts";
import { fetchDevToken } from "./sale-client.ts";
import { makeTemporaryDirectory } from "./temporary-directory.ts";
import { TokenSigner } from "./tokens.ts";

export interface Target {
  readonly url: string;
  readonly adminToken: string;
  readonly buyerToken: (buyerId: string) => string;
  /** Where the tables can be read, if they can. */
  readonly dataDir: string | undefined;
  /** The process of a temporary server. */
  readonly engine: EngineProcess | undefined;
  /** Stops a temporary server and removes its data; leaves a running one alone. */
  close(): Promise<void>;
}

const TOKEN_REQUESTS = 32;

/** Throws a RushError if the server does not start or gives no tokens. */
export function openTarget(options: RushOptions, buyerIds: readonly string[]): Promise<Target> {
  return options.url === undefined
    ? startTemporary()
    : joinRunning(options.url.replace(/\/$/, ""), options, buyerIds);
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
    return { url: engine.url, ...signedTokens(secret), dataDir: data.path, engine, close };
  } catch (error) {
    await data.remove();
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
  return { url, ...tokens, dataDir, engine: undefined, close: async () => {} };
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
