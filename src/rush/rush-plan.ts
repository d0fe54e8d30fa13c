/** What a rush is asked to do, and what that comes to: defaults filled in, impossible wishes
 *  refused with a reason. */
import type { Strategy } from "../domain/sale.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { CrowdOptions } from "./crowd.ts";
import type { MysqlPlace } from "./mysql-tables.ts";

/** As on the command line; everything has a default. Shares are between 0 and 1. */
export interface RushOptions {
  /** How many come. With `rate` and `durationSeconds` it follows from them. */
  readonly buyers?: number;
  readonly stock?: number;
  /** Arrivals per second; without it everyone comes within two seconds. */
  readonly rate?: number;
  readonly durationSeconds?: number;
  /** Buyers who send the same request again on purpose. */
  readonly retryShare?: number;
  /** Buyers who try for more than their limit. */
  readonly greedyShare?: number;
  /** Units each buyer asks for; also the buyer limit of the sale. */
  readonly quantity?: number;
  readonly connections?: number;
  readonly seed?: number;
  /** A running server; without it a temporary one is started. */
  readonly url?: string;
  /** The running server's data directory, if it is on this machine, for the checker. */
  readonly dataDir?: string;
  readonly signingSecret?: string;
  readonly adminToken?: string;
  /** Parts that the sale's stock is split into; 1 by default. */
  readonly buckets?: number;
  /** How units are taken; atomic by default. */
  readonly strategy?: Strategy;
  /** Services for a temporary server of several processes; without it, one on embedded stores. */
  readonly cluster?: Cluster;
}

/** Stores that nobody else uses, in services that are there. */
export interface Cluster {
  /** Environment variables that lead a server to them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the tables are, for the checker. */
  readonly mysql: MysqlPlace;
  /** What turns at the lock of a sale gain, with so many requests at a time. */
  lockRates(
    saleId: string,
    dataDir: string,
    plan: { readonly lanes: number; readonly seconds: number },
  ): Promise<LockRates>;
  /** Removes the stores. */
  remove(): Promise<void>;
}

/** Units taken per second out of one sale's stock. */
export interface LockRates {
  /** With a lock for each request, one after the other. */
  readonly alone: number;
  /** With a lock for each request, and many in its queue. */
  readonly queued: number;
  /** With the lock kept for a turn. */
  readonly inTurns: number;
}

export interface RushPlan {
  readonly crowd: CrowdOptions;
  readonly stock: number;
  readonly buckets: number;
  readonly strategy: Strategy;
  readonly connections: number;
  readonly queueMax: number;
  readonly deadlineMs: number;
  /** Undefined: the server's default. */
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | undefined;
}

const DEFAULT_BUYERS = 10_000;
const DEFAULT_STOCK = 1000;
const DEFAULT_CONNECTIONS = 128;
const DEFAULT_SHARE = 0.05;
const DEFAULT_ARRIVAL_SECONDS = 2;
const DEFAULT_RATE_MAX = 20_000;
const DEFAULT_DURATION_SECONDS = 10;
const PATIENCE_MS = 60_000;
const QUEUE_MAX = 4096;
const DEADLINE_MS = 5000;
const SALE_RATE_MAX = 10_000_000;

export function planRush(options: RushOptions): Result<RushPlan, string> {
  const problem = problemWith(options);
  if (problem !== undefined) return err(problem);
  const arrivals = arrivalsOf(options);
  return ok({
    crowd: {
      ...arrivals,
      seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
      quantity: options.quantity ?? 1,
      retryShare: options.retryShare ?? DEFAULT_SHARE,
      greedyShare: options.greedyShare ?? DEFAULT_SHARE,
      patienceMs: PATIENCE_MS,
    },
    stock: options.stock ?? DEFAULT_STOCK,
    buckets: options.buckets ?? 1,
    strategy: options.strategy ?? "atomic",
    connections: options.connections ?? DEFAULT_CONNECTIONS,
    queueMax: QUEUE_MAX,
    deadlineMs: DEADLINE_MS,
    rateLimit: options.rate === undefined ? undefined : saleRateFor(options.rate),
  });
}

function arrivalsOf({ buyers, rate, durationSeconds }: RushOptions) {
  if (rate === undefined) {
    const count = buyers ?? DEFAULT_BUYERS;
    const spread = count / (durationSeconds ?? DEFAULT_ARRIVAL_SECONDS);
    const ratePerSecond =
      durationSeconds === undefined ? Math.min(DEFAULT_RATE_MAX, spread) : spread;
    return { buyers: count, ratePerSecond };
  }
  const count = buyers ?? Math.ceil(rate * (durationSeconds ?? DEFAULT_DURATION_SECONDS));
  return { buyers: count, ratePerSecond: rate };
}

/** Who asks for a rate wants to see the engine at that rate, not the sale's limiter. */
function saleRateFor(rate: number) {
  const perSecond = Math.min(SALE_RATE_MAX, Math.ceil(rate * 2));
  return { perSecond, burst: perSecond };
}

type Check = readonly [name: keyof RushOptions, least: number, most: number, whole: boolean];

const CHECKS: readonly Check[] = [
  ["buyers", 1, 10_000_000, true],
  ["stock", 1, 100_000_000, true],
  ["rate", 1, 1_000_000, false],
  ["durationSeconds", 0.1, 86_400, false],
  ["retryShare", 0, 1, false],
  ["greedyShare", 0, 1, false],
  ["quantity", 1, 1000, true],
  ["connections", 1, 10_000, true],
  ["buckets", 1, 256, true],
  ["seed", 0, 2 ** 32 - 1, true],
];

function problemWith(options: RushOptions): string | undefined {
  for (const [name, least, most, whole] of CHECKS) {
    const value = options[name];
    if (value === undefined) continue;
    const fits = typeof value === "number" && value >= least && value <= most;
    if (!fits || (whole && !Number.isInteger(value))) {
      const sort = whole ? "a whole number" : "a number";
      return `${name} is ${value}; it must be ${sort} between ${least} and ${most}`;
    }
  }
  if (options.rate && options.durationSeconds && options.buyers) {
    return "rate, duration and buyers contradict each other: give two of them";
  }
  if (options.url !== undefined && !/^http:\/\/[^/]+\/?$/.test(options.url)) {
    return `url is ${options.url}; it must look like http://HOST:PORT`;
  }
  return undefined;
}
