// The few calls of the public HTTP API that the checks in this folder need.

const PLACED_DEADLINE_MS = 5_000;
const POLL_PAUSE_MS = 20;

export type Order = { readonly id: string; readonly status: string };
export type Sale = { readonly id: string; readonly state: string };

export async function devToken(url: string, sub: string, scope: "buy" | "admin"): Promise<string> {
  const { token } = await call<{ token: string }>("POST", `${url}/v1/dev/tokens`, {
    body: { sub, scope },
  });
  return token;
}

/** Creates and opens a sale big enough that a check never sells it out or runs into its rate. */
export async function openLargeSale(url: string, admin: string): Promise<Sale> {
  const sale = await call<Sale>("POST", `${url}/v1/sales`, {
    token: admin,
    body: {
      productId: "checked-product",
      name: "A sale for checks",
      stock: 1_000_000,
      price: { amount: "199.00", currency: "CNY" },
      perBuyerLimit: 1_000,
      rateLimit: { perSecond: 100_000, burst: 100_000 },
    },
  });
  return call<Sale>("POST", `${url}/v1/sales/${sale.id}/open`, { token: admin });
}

/** The first sale that is open: `npm start` has one. */
export async function openSale(url: string): Promise<Sale> {
  const { items } = await call<{ items: Sale[] }>("GET", `${url}/v1/sales`, {});
  const sale = items.find(({ state }) => state === "open");
  if (sale === undefined) throw new Error(`no sale is open at ${url}`);
  return sale;
}

export function buy(url: string, token: string, saleId: string): Promise<Order> {
  return call<Order>("POST", `${url}/v1/sales/${saleId}/orders`, {
    token,
    body: { quantity: 1 },
    headers: { "Idempotency-Key": crypto.randomUUID() },
  });
}

/** Waits until the order is in the ledger. */
export async function placed(url: string, token: string, orderId: string): Promise<Order> {
  const deadline = performance.now() + PLACED_DEADLINE_MS;
  while (performance.now() < deadline) {
    const order = await call<Order>("GET", `${url}/v1/orders/${orderId}`, { token });
    if (order.status === "placed") return order;
    await Bun.sleep(POLL_PAUSE_MS);
  }
  throw new Error(`order ${orderId} was not placed within ${PLACED_DEADLINE_MS} ms`);
}

export async function auditHolds(url: string, admin: string, saleId: string): Promise<boolean> {
  const path = `${url}/v1/sales/${saleId}/audit`;
  const { ok } = await call<{ ok: boolean | null }>("GET", path, { token: admin });
  return ok === true;
}

type Call = {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

async function call<Answer>(method: string, url: string, request: Call): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(request.token === undefined ? {} : { Authorization: `Bearer ${request.token}` }),
      ...(request.body === undefined ? {} : { "Content-Type": "application/json" }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
