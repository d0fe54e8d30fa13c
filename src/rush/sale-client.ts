/** What the load generator asks of the API besides purchases: create and open a sale, read orders,
 *  ask for the audit. Not on the measured path, so plain `fetch` will do. */
import type { Strategy } from "../domain/sale.ts";

/** The server cannot be used for a rush: it is away, or it refuses what a rush needs. The message
 *  says which. */
export class RushError extends Error {
  override readonly name = "RushError";
}

export interface NewSale {
  readonly productId: string;
  readonly name: string;
  readonly stock: number;
  readonly perBuyerLimit: number;
  readonly buckets?: number;
  readonly strategy?: Strategy;
  readonly rateLimit?: {
    readonly perSecond: number;
    readonly burst: number;
    readonly adaptive?: object | null;
  };
}

export interface AuditAnswer {
  readonly ok: boolean | null;
  readonly pending: number;
  readonly inTransfer: number;
  readonly sold: number;
  readonly orders: number;
  readonly refused: number;
  readonly duplicates: number;
  readonly overLimitBuyers: number;
}

export interface OrderAnswer {
  readonly id: string;
  readonly buyerId: string;
  readonly quantity: number;
  readonly status: string;
  readonly acceptedAt: string;
  readonly placedAt?: string | null;
}

export interface SaleAnswer {
  readonly id: string;
  readonly stock: number;
  readonly remaining: number;
}

const DEADLINE_MS = 10_000;
const PRICE = { amount: "199.00", currency: "CNY" };

export class SaleClient {
  private readonly url: string;
  private readonly adminToken: string;

  constructor(url: string, adminToken: string) {
    this.url = url;
    this.adminToken = adminToken;
  }

  async openSale(sale: NewSale): Promise<SaleAnswer> {
    const created = await this.call<SaleAnswer>("POST", "/v1/sales", { price: PRICE, ...sale });
    return this.call<SaleAnswer>("POST", `/v1/sales/${created.id}/open`);
  }

  sale(saleId: string): Promise<SaleAnswer> {
    return this.call("GET", `/v1/sales/${saleId}`);
  }

  audit(saleId: string): Promise<AuditAnswer> {
    return this.call("GET", `/v1/sales/${saleId}/audit`);
  }

  /** Undefined if the server knows no such order. */
  async order(orderId: string): Promise<OrderAnswer | undefined> {
    const response = await this.request("GET", `/v1/orders/${orderId}`);
    return response.status === 404 ? undefined : parse(response, `/v1/orders/${orderId}`);
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return parse(await this.request(method, path, body), path);
  }

  private request(method: string, path: string, body?: unknown): Promise<Response> {
    return ask(this.url + path, method, { authorization: `Bearer ${this.adminToken}` }, body);
  }
}

/** A token from the server itself, where it hands out development tokens. */
export async function fetchDevToken(url: string, sub: string, scope: string): Promise<string> {
  const response = await ask(`${url}/v1/dev/tokens`, "POST", {}, { sub, scope });
  if (response.status === 404) {
    throw new RushError(
      "the server gives no development tokens: pass --signing-secret (or its file)",
    );
  }
  return (await parse<{ token: string }>(response, "/v1/dev/tokens")).token;
}

async function ask(url: string, method: string, headers: Record<string, string>, body?: unknown) {
  const withBody =
    body === undefined
      ? { headers }
      : { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    return await fetch(url, { method, signal, ...withBody });
  } catch (cause) {
    throw new RushError(`no answer from ${url}: ${String(cause)}`, { cause });
  }
}

async function parse<T>(response: Response, path: string): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new RushError(`${path} answered ${response.status}: ${text}`);
  return JSON.parse(text) as T;
}
