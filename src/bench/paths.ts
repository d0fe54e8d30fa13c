/** The ways through the engine that a sale's crowd takes, each with the requests that take it and
 *  the answers that prove it: a fast wrong answer must not count. */
import type { Endpoint } from "../rush/exchange.ts";
import { readRequest } from "../rush/purchase-request.ts";
import type { NewSale } from "../rush/sale-client.ts";
import type { FreshBuyers } from "./buyers.ts";
import type { LoadResult } from "./load-meter.ts";
import { PreparedRequests } from "./prepared-requests.ts";

export const pathNames = ["accept", "soldOut", "limited", "read"] as const;
export type PathName = (typeof pathNames)[number];

export interface PathRules {
  readonly sale: NewSale;
  /** Status and a piece of the body that every answer must have. */
  readonly expected: { readonly status: number; readonly text: string };
  /** Statuses of the few requests that open the path: the one that buys the last unit, … */
  readonly tolerated: readonly number[];
  /** A request may be sent more than once, because nothing of it is looked at. */
  readonly cycles: boolean;
}

const UNLIMITED = { perSecond: 10_000_000, burst: 10_000_000 };
const STOCK = 100_000_000;
const TOLERATED_SHARE = 0.01;

export const paths: Readonly<Record<PathName, PathRules>> = {
  accept: {
    sale: sale("accept", { stock: STOCK, rateLimit: UNLIMITED }),
    expected: { status: 202, text: '"accepted"' },
    tolerated: [],
    cycles: false,
  },
  soldOut: {
    sale: sale("sold-out", { stock: 1, rateLimit: UNLIMITED }),
    expected: { status: 409, text: "/problems/sold-out" },
    tolerated: [202],
    cycles: false,
  },
  limited: {
    sale: sale("limited", { stock: STOCK, rateLimit: { perSecond: 1, burst: 1 } }),
    expected: { status: 429, text: "/problems/rate-limited" },
    tolerated: [202, 409],
    cycles: true,
  },
  read: {
    sale: sale("read", { stock: STOCK, rateLimit: UNLIMITED }),
    expected: { status: 200, text: '"remaining"' },
    tolerated: [],
    cycles: true,
  },
};

function sale(productId: string, rules: Pick<NewSale, "stock" | "rateLimit">): NewSale {
  return { productId, name: `Bench ${productId}`, perBuyerLimit: 1, ...rules };
}

export function requestsFor(
  path: PathName,
  buyers: FreshBuyers,
  endpoint: Endpoint,
  saleId: string,
  count: number,
): PreparedRequests {
  if (path === "read") {
    const request = readRequest(endpoint, `/v1/sales/${saleId}`);
    return new PreparedRequests(1, () => request, true);
  }
  return buyers.purchases(endpoint, saleId, count, paths[path].cycles);
}

/** What in the answers does not belong to the path; empty if it was measured as it should be. */
export function wrongAnswers(path: PathName, result: LoadResult): string[] {
  const { expected, tolerated } = paths[path];
  const wrong = Object.entries(result.statuses).flatMap(([status, count]) => {
    if (Number(status) === expected.status) return [];
    const few = count <= Math.max(2, result.answered * TOLERATED_SHARE);
    if (few && tolerated.includes(Number(status))) return [];
    return [`${path}: ${count} answers with ${status}: ${result.examples[status]}`];
  });
  const example = result.examples[expected.status];
  if (example === undefined) wrong.push(`${path}: no answer with ${expected.status}`);
  else if (!example.includes(expected.text)) wrong.push(`${path}: not expected: ${example}`);
  if (result.lost > 0) wrong.push(`${path}: ${result.lost} requests without an answer`);
  return wrong;
}
