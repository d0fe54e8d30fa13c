/** A server that keeps the API's promises, or breaks one on purpose, in memory: what the load
 *  generator's own tests buy from. */

export interface FakeFaults {
  /** Sells beyond the stock and beyond the buyer's limit. */
  readonly sellsWithoutLimit?: boolean;
  /** Gives a new order for a key that has one. */
  readonly forgetsKeys?: boolean;
  /** Answers 202 and knows nothing of the order afterwards. */
  readonly losesOrders?: boolean;
  /** The first try of every key gets this status instead of an answer. */
  readonly firstTry?: 429 | 503;
}

interface FakeOrder {
  readonly id: string;
  readonly buyerId: string;
  readonly quantity: number;
  readonly status: string;
  readonly acceptedAt: string;
  readonly placedAt: string;
}

export class FakeEngine {
  private readonly tried = new Set<string>();
  private readonly faults: FakeFaults;
  private readonly orders = new Map<string, FakeOrder>();
  private readonly keys = new Map<string, FakeOrder>();
  private sale = { stock: 0, perBuyerLimit: 1 };
  private sold = 0;
  private readonly server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => this.route(request),
  });

  constructor(faults: FakeFaults = {}) {
    this.faults = faults;
  }

  get url(): string {
    return `http://127.0.0.1:${this.server.port}`;
  }

  stop(): Promise<void> {
    return this.server.stop(true);
  }

  private async route(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname;
    if (path === "/v1/dev/tokens") {
      const { sub } = (await request.json()) as { sub: string };
      return Response.json({ token: sub, expiresAt: new Date() }, { status: 201 });
    }
    if (path === "/v1/sales" && request.method === "POST") {
      this.sale = (await request.json()) as FakeEngine["sale"];
      return Response.json(this.shown(), { status: 201 });
    }
    if (path.startsWith("/v1/orders/")) return this.order(path.slice("/v1/orders/".length));
    if (path.endsWith("/orders")) return this.purchase(request);
    if (path.endsWith("/audit")) return Response.json(this.audit());
    return Response.json(this.shown());
  }

  private async purchase(request: Request): Promise<Response> {
    const buyerId = (request.headers.get("authorization") ?? "").slice("Bearer ".length);
    const key = request.headers.get("idempotency-key") ?? "";
    const { quantity } = (await request.json()) as { quantity: number };
    const first = !this.tried.has(key);
    this.tried.add(key);
    if (first && this.faults.firstTry !== undefined) return tryAgain(this.faults.firstTry);
    return this.decide(buyerId, key, quantity);
  }

  private decide(buyerId: string, key: string, quantity: number): Response {
    const known = this.keys.get(key);
    if (known !== undefined && !this.faults.forgetsKeys) return accepted(known);
    const owned = [...this.keys.values()].filter((order) => order.buyerId === buyerId);
    if (!this.faults.sellsWithoutLimit) {
      if (owned.length * quantity + quantity > this.sale.perBuyerLimit) {
        return problem(409, "buyer-limit-reached");
      }
      if (this.sold + quantity > this.sale.stock) return problem(409, "sold-out");
    }
    const at = new Date().toISOString();
    const id = `order-${this.orders.size + 1}`;
    const order = { id, buyerId, quantity, status: "placed", acceptedAt: at, placedAt: at };
    this.sold += quantity;
    this.keys.set(key, order);
    this.orders.set(id, order);
    return accepted(order);
  }

  private order(id: string): Response {
    const order = this.faults.losesOrders ? undefined : this.orders.get(id);
    return order === undefined ? problem(404, "order-not-found") : Response.json(order);
  }

  private audit() {
    const counts = { pending: 0, inTransfer: 0, refused: 0, duplicates: 0, overLimitBuyers: 0 };
    return { ok: true, ...counts, sold: this.sold, orders: this.orders.size };
  }

  private shown() {
    const { stock } = this.sale;
    return { id: "sale-1", stock, remaining: stock - this.sold };
  }
}

function accepted(order: FakeOrder): Response {
  return Response.json({ ...order, status: "accepted" }, { status: 202 });
}

function tryAgain(status: 429 | 503): Response {
  return problem(status, status === 429 ? "rate-limited" : "overloaded", { "retry-after": "1" });
}

function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  return Response.json({ type: `/problems/${code}`, status }, { status, headers });
}
