// The sale that a run buys from, and who buys: made in setup, unless the environment names them.

import { check, fail, sleep } from "k6";
import { SharedArray } from "k6/data";
import http, { type RefinedResponse } from "k6/http";
import { Gauge } from "k6/metrics";
import type { Settings } from "./settings.ts";

/** What setup hands to every virtual user. */
export interface Shop {
  readonly saleId: string;
  /** Begins every request key, so that no run meets the keys of another. */
  readonly run: string;
  /** Development tokens; empty where a file has the tokens. */
  readonly tokens: readonly string[];
  /** Null: the run is no administrator, so it ends without an audit. */
  readonly adminToken: string | null;
  /** Whether setup made the sale, so that teardown closes it. */
  readonly own: boolean;
}

export interface Crowd {
  tokenOf(shop: Shop, buyer: number): string;
}

const persisted = new Gauge("orders_persisted");

/** Read once for all virtual users. Must be called while k6 reads the script. */
export function crowdOf({ tokensFile }: Settings): Crowd {
  const lines = () =>
    open(tokensFile ?? "")
      .trim()
      .split("\n");
  const shared = tokensFile === null ? [] : new SharedArray("tokens", lines);
  return {
    tokenOf: ({ tokens }, buyer) => {
      const all = shared.length > 0 ? shared : tokens;
      return all[buyer % all.length] ?? "";
    },
  };
}

export function openShop(settings: Settings): Shop {
  const { saleId, tokensFile } = settings;
  const mustMake = saleId === null;
  const adminToken = settings.adminToken ?? (mustMake ? devToken(settings, "k6", "admin") : null);
  return {
    saleId: saleId ?? newSale(settings, adminToken ?? ""),
    run: `k6-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e9).toString(36)}`,
    tokens: tokensFile === null ? devTokens(settings) : [],
    adminToken,
    own: mustMake,
  };
}

/** Waits until what was accepted is in the ledger, and looks at the audit. */
export function closeShop(settings: Settings, { adminToken, saleId, own }: Shop): void {
  if (adminToken === null) return;
  const params = asAdmin(adminToken);
  const saleUrl = `${settings.baseUrl}/v1/sales/${saleId}`;
  for (let second = 0; second < persistSecondsMax; second++) {
    const audit = http.get(`${saleUrl}/audit`, params);
    const { ok, pending, orders } = read(audit) as Audit;
    if (ok === null || pending > 0) {
      sleep(1);
      continue;
    }
    persisted.add(orders);
    check(ok, { "the audit holds": (holds) => holds === true });
    break;
  }
  if (own) read(http.post(`${saleUrl}/close`, null, params));
}

const persistSecondsMax = 60;

interface Audit {
  readonly ok: boolean | null;
  readonly pending: number;
  readonly orders: number;
}

function newSale(settings: Settings, adminToken: string): string {
  const { baseUrl, stock, perBuyer, saleRate, saleBurst } = settings;
  const sale = {
    productId: "load-test",
    name: "Load test",
    price: { amount: "199.00", currency: "CNY" },
    stock,
    perBuyerLimit: perBuyer,
    rateLimit: { perSecond: saleRate, burst: saleBurst },
  };
  const params = asAdmin(adminToken);
  const { id } = read(http.post(`${baseUrl}/v1/sales`, JSON.stringify(sale), params)) as {
    id: string;
  };
  read(http.post(`${baseUrl}/v1/sales/${id}/open`, null, params));
  return id;
}

function devTokens(settings: Settings): string[] {
  const buyers = Array.from({ length: settings.buyers }, (_, buyer) => `k6-buyer-${buyer}`);
  return buyers.map((buyer) => devToken(settings, buyer, "buy"));
}

function devToken({ baseUrl }: Settings, sub: string, scope: "buy" | "admin"): string {
  const body = JSON.stringify({ sub, scope });
  const answer = http.post(`${baseUrl}/v1/dev/tokens`, body, { headers: json });
  if (answer.status === 404) fail(`${baseUrl} hands out no development tokens: ${needed}`);
  return (read(answer) as { token: string }).token;
}

const needed = "set SALE_ID or ADMIN_TOKEN, and TOKENS";

const json = { "content-type": "application/json" };

function asAdmin(token: string) {
  return { headers: { ...json, authorization: `Bearer ${token}` } };
}

/** Ends the run if the call did not succeed: without a sale there is nothing to measure. */
function read(answer: RefinedResponse<"text">): unknown {
  const { status, request, body } = answer;
  if (status < 200 || status > 299) {
    fail(`${request.method} ${request.url}: ${status} ${body} ${answer.error}`);
  }
  return JSON.parse(body);
}
