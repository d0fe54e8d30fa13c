// The HTTP calls of a drill's clients, each of which goes down in its history.

import type { AdminAction, AdminCall, History, PurchaseCall } from "./history.ts";
import { now } from "./history.ts";

export interface Wish {
  readonly sale: string;
  readonly buyer: string;
  readonly key: string;
  readonly quantity: number;
}

export interface Change {
  readonly action: AdminAction;
  /** Of a restock. */
  readonly added?: number;
  readonly key?: string;
}

export interface ShopWindow {
  readonly urls: readonly string[];
  /** One try; resolves with the answer, be it none. */
  buy(wish: Wish, url: string): Promise<PurchaseCall>;
  /** One try. */
  change(sale: string, change: Change, url: string): Promise<AdminCall>;
  /** What a call of the admin's is answered, or null. */
  ask(method: "GET" | "POST", url: string, body?: object): Promise<Answer | null>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Tokens {
  readonly adminToken: string;
  readonly buyerToken: (buyer: string) => string;
}

const patienceMs = 4_000;

export function shopWindow(
  urls: readonly string[],
  tokens: Tokens,
  history: Pick<History, "add">,
): ShopWindow {
  const admin = { authorization: `Bearer ${tokens.adminToken}` };

  async function buy(wish: Wish, url: string): Promise<PurchaseCall> {
    const { sale, buyer, key, quantity } = wish;
    const headers = {
      authorization: `Bearer ${tokens.buyerToken(buyer)}`,
      "idempotency-key": key,
    };
    const calledAt = now();
    const answer = await send("POST", `${url}/v1/sales/${sale}/orders`, headers, { quantity });
    const times = { calledAt, answeredAt: now() };
    const call: PurchaseCall = { type: "purchase", ...wish, ...times, ...outcomeOf(answer) };
    history.add(call);
    return call;
  }

  async function change(sale: string, change: Change, url: string): Promise<AdminCall> {
    const { action, added, key } = change;
    const calledAt = now();
    const path = action === "restock" ? "stock" : action;
    const isRestock = added !== undefined && key !== undefined;
    const headers = isRestock ? { ...admin, "idempotency-key": key } : admin;
    const body = isRestock ? { add: added } : undefined;
    const answer = await send("POST", `${url}/v1/sales/${sale}/${path}`, headers, body);
    const status = answer?.status ?? 503;
    const outcome = status < 300 ? "done" : status < 500 ? "refused" : "unknown";
    const call: AdminCall = {
      ...{ type: "admin", sale, action, calledAt, answeredAt: now(), outcome },
      ...(isRestock ? { added, key } : {}),
    };
    history.add(call);
    return call;
  }

  return { urls, buy, change, ask: (method, url, body) => send(method, url, admin, body) };
}

function outcomeOf(answer: Answer | null): Pick<PurchaseCall, "outcome" | "order"> {
  if (answer === null) return { outcome: "lost" };
  const { status, body } = answer;
  if (status === 202) {
    const { id, quantity, acceptedAt } = body;
    const order = { id: String(id), quantity: Number(quantity), acceptedAt: String(acceptedAt) };
    return { outcome: String(body.status), order };
  }
  return { outcome: typeof body.type === "string" ? problemOf(body.type) : String(status) };
}

function problemOf(type: string): string {
  return type.split("/").at(-1) ?? type;
}

/** Null if there was no answer, or no whole one. */
async function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<Answer | null> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { "content-type": "application/json" };
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const init = { method, signal, keepalive: false, ...content };
    const answer = await fetch(url, { ...init, headers: { ...headers, ...type } });
    return { status: answer.status, body: (await answer.json()) as Answer["body"] };
  } catch {
    return null;
  }
}
