// One purchase as a client must make it: an answer that never came, or that does not tell what
// became of the order, is asked for again with the same request key.

import { sleep } from "k6";
import http, { type RefinedResponse } from "k6/http";
import { Counter, Trend } from "k6/metrics";
import { expectedStatuses, type Outcome, orderIdIn, outcomeOf } from "./outcome.ts";
import type { Crowd, Shop } from "./shop.ts";

export interface Answer {
  readonly outcome: Outcome;
  readonly orderId: string | null;
  readonly retryAfterSeconds: number;
}

/** What is sent, as often as it has to be. */
export interface Purchase {
  readonly url: string;
  readonly key: string;
  readonly token: string;
}

const duration = new Trend("purchase_duration", true);
const unknown = new Counter("outcomes_unknown");
const serverErrors = new Counter("server_errors");
const again = new Counter("purchases_sent_again");
/** Request keys that have an order; each counts once, however often it was sent. */
const orders = new Counter("orders_acknowledged");

const triesMax = 4;
const timeout = "10s";
const expected = http.expectedStatuses(...expectedStatuses);

/** `name` makes the request key, within this run. */
export function purchaseOf(
  { baseUrl }: { readonly baseUrl: string },
  crowd: Crowd,
  shop: Shop,
  { buyer, name }: { readonly buyer: number; readonly name: string },
): Purchase {
  const url = `${baseUrl}/v1/sales/${shop.saleId}/orders`;
  return { url, key: `${shop.run}-${name}`, token: crowd.tokenOf(shop, buyer) };
}

/** Until it is known what became of it, a few times at most. */
export function buy(purchase: Purchase): Answer {
  for (let tries = 1; ; tries++) {
    const answer = seen(http.post(purchase.url, body, paramsOf(purchase)));
    if (answer.outcome !== "unknown") return answer;
    if (tries === triesMax) {
      unknown.add(1);
      return answer;
    }
    again.add(1);
    sleep(answer.retryAfterSeconds);
  }
}

/** The same at the same time: a button that is pressed twice. */
export function buyAtOnce(purchase: Purchase, times: number): Answer[] {
  const { url } = purchase;
  const one = { method: "POST", url, body, params: paramsOf(purchase) };
  return http.batch(Array.from({ length: times }, () => one)).map(seen);
}

/** Counts a key that has its order now. */
export function acknowledged({ outcome }: Answer): boolean {
  const has = outcome === "accepted" || outcome === "reserved";
  if (has) orders.add(1, { outcome });
  return has;
}

const body = '{"quantity":1}';

function paramsOf({ key, token }: Purchase) {
  return {
    timeout,
    responseCallback: expected,
    tags: { name: "purchase" },
    headers: {
      "content-type": "application/json",
      "idempotency-key": key,
      authorization: `Bearer ${token}`,
    },
  };
}

function seen(response: RefinedResponse<"text">): Answer {
  const text = response.body ?? "";
  const outcome = outcomeOf(response.status, text);
  duration.add(response.timings.duration, { outcome });
  if (response.status >= 500) serverErrors.add(1);
  const retryAfterSeconds = Number(response.headers["Retry-After"] ?? 1) || 1;
  return { outcome, orderId: orderIdIn(text), retryAfterSeconds };
}
