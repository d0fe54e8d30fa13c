// The HTTP API over the real embedded engine in a directory of its own, with a clock that a test
// can move.

import { openDataDirectory } from "../../src/adapters/embedded/data-directory.ts";
import { systemClock } from "../../src/adapters/shared/system-clock.ts";
import { embeddedStores } from "../../src/compose/embedded.ts";
import { instant } from "../../src/domain/ids.ts";
import { buildApp } from "../../src/http/app.ts";
import type { AppDeps } from "../../src/http/app-deps.ts";
import { type HotHandlers, hotHandlers } from "../../src/http/routes/hot.ts";
import { signJwt } from "../../src/lib/sign-jwt.ts";
import { createHealth } from "../../src/observability/health.ts";
import { createMetrics } from "../../src/observability/metrics.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { RateAdjuster } from "../../src/ports/rate-limiter.ts";
import { ordersRole } from "../../src/roles/orders.ts";
import { tempDir } from "./temp-dir.ts";

export const issuer = "doorbuster";
export const audience = "doorbuster";
export const firstKey = { kid: "first", secret: "the first signing secret, long enough" };
export const secondKey = { kid: "second", secret: "the second signing secret, as long" };

/** Tokens as we sign them ourselves. */
export const plainAuth = {
  ...{ issuer, audience, leewaySeconds: 0 },
  jwks: { url: null, file: null, ca: null, refreshSeconds: 300 },
  claims: {
    buyerId: "sub",
    buy: { claim: "scope", value: "buy" },
    admin: { claim: "scope", value: "admin" },
  },
};

export interface CallOptions {
  readonly token?: string | undefined;
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null if it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  readonly json: any;
}

export interface HttpEngine {
  readonly deps: AppDeps;
  /** What lowers the rates of sales. */
  readonly rates: RateAdjuster;
  readonly app: ReturnType<typeof buildApp>;
  readonly hot: HotHandlers;
  /** Errors that were logged. */
  readonly logged: unknown[];
  readonly admin: string;
  buyer(name: string): string;
  advance(ms: number): void;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** A sale that is open; returns its id. */
  openSale(terms?: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

export async function httpEngine(over: Partial<AppDeps> = {}): Promise<HttpEngine> {
  const directory = openDataDirectory(tempDir());
  const clock = movableClock();
  const stores = embeddedStores(directory.database, clock);
  const { directory: sales, batches } = stores;
  const metrics = createMetrics({
    saleCache: sales.counts,
    purchasesWaiting: batches.waiting,
    ordersUnlogged: batches.unlogged,
    lockedStock: batches.locked,
    limiter: () => ({ calls: 0, failures: 0 }),
    logSessionsBroken: () => 0,
    logAssignments: () => 0,
  });
  const logged: unknown[] = [];
  const logger = recorder(logged);
  const keys: AppDeps["auth"]["keys"] = [firstKey, secondKey];
  const auth = { ...plainAuth, keys, devTokens: true, tokenTtlSeconds: 60 };
  const cors = { origins: [], maxAgeSeconds: 600 };
  const trustedProxies: string[] = [];
  const http = { auth, publicKeys: null, cors, trustedProxies };
  const health = createHealth();
  const deps: AppDeps = {
    ...{ ...stores, ...http },
    ...{ random: () => 0, metrics, health, logger },
    ...over,
  };
  const orders = ordersRole({ ...stores, placed: metrics.observePlacement, logger });
  await orders.start();
  const app = buildApp(deps);
  const close = async () => {
    await orders.stop();
    await directory.close();
  };
  const hot = hotHandlers(deps);
  const { limiter: rates } = stores;
  const engine = { deps, rates, app, hot, logged, advance: clock.advance, close };
  return { ...engine, ...callsOf(app, clock) };
}

/** What every test does: sign tokens, call, open a sale. */
function callsOf(app: HttpEngine["app"], clock: Clock) {
  const admin = tokenFor("root", "admin", clock);

  async function call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return answerOf(await app.request(path, requestInit(method, options)));
  }

  async function openSale(terms: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const created = await call("POST", "/v1/sales", { token: admin, body: newSale(terms) });
    await call("POST", `/v1/sales/${created.json.id}/open`, { token: admin });
    return created.json.id;
  }

  return { admin, buyer: (name: string) => tokenFor(name, "buy", clock), call, openSale };
}

export function requestInit(method: string, { token, body, headers }: CallOptions): RequestInit {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const all = { ...json, ...bearer, ...headers };
  return body === undefined ? { method, headers: all } : { method, headers: all, body: text };
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  const json: unknown = isJson && text !== "" ? JSON.parse(text) : null;
  return { status: response.status, headers: response.headers, text, json };
}

export function newSale(terms: Readonly<Record<string, unknown>> = {}) {
  const price = { amount: "199.00", currency: "CNY" };
  return { productId: "tea-set", name: "Tea set", price, stock: 10, ...terms };
}

export function tokenFor(sub: string, scope: string, clock: Clock): string {
  const iat = Math.floor(clock.now() / 1000);
  return signJwt(firstKey, { iss: issuer, aud: audience, sub, scope, iat, exp: iat + 3_600 });
}

/** Stands still until it is moved; what is to run later runs in real time. */
function movableClock(): Clock & { advance(ms: number): void } {
  let now = Date.parse("2027-01-31T12:00:00Z");
  return {
    now: () => instant(now),
    elapsed: () => now,
    soon: (task: () => void) => void setImmediate(task),
    after: systemClock.after,
    advance: (ms) => {
      now += ms;
    },
  };
}

function recorder(logged: unknown[]) {
  const record = (fields: object, message: string) => void logged.push({ ...fields, message });
  return { error: record, warn: record, info: () => {} };
}
