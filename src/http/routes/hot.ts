/** The two calls that a crowd makes: buying, and reading the sale. One set of handlers, mounted
 *  on the router, where they are documented, and on the server itself, which then calls them
 *  without the router. */
import { createRoute } from "@hono/zod-openapi";
import type { AppDeps } from "../app-deps.ts";
import type { Api, AppEnv } from "../app-env.ts";
import type { Peer } from "../client-address.ts";
import { hotRoute, type SaleHandler } from "../hot-route.ts";
import { purchaseHandler } from "../purchase-route.ts";
import { readSaleHandler } from "../sale-route.ts";
import { bodyProblems, problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { saleParams } from "../schemas/common.ts";
import { acceptedOrder, newOrder } from "../schemas/order.ts";
import { idempotencyKey } from "../schemas/parameters.ts";
import { saleAnswer } from "../schemas/sale.ts";

export interface HotHandlers {
  readonly purchase: SaleHandler;
  readonly readSale: SaleHandler;
}

export function hotHandlers(deps: AppDeps): HotHandlers {
  return {
    purchase: hotRoute(deps, "POST", purchaseRoute.path, purchaseHandler(deps)),
    readSale: hotRoute(deps, "GET", readSaleRoute.path, readSaleHandler(deps)),
  };
}

export function hotRoutes(api: Api, handlers: HotHandlers): void {
  api.openAPIRegistry.registerPath(purchaseRoute);
  api.openAPIRegistry.registerPath(readSaleRoute);
  const peerOf = (env: AppEnv["Bindings"] | undefined): Peer => env?.peer ?? nobody;
  api.post("/v1/sales/:id/orders", (c) =>
    handlers.purchase(c.req.raw, c.req.param("id"), peerOf(c.env)),
  );
  api.get("/v1/sales/:id", (c) => handlers.readSale(c.req.raw, c.req.param("id"), peerOf(c.env)));
}

const nobody = () => null;

const purchaseRoute = createRoute({
  method: "post",
  path: "/v1/sales/{id}/orders",
  tags: ["Orders"],
  summary: "Buy",
  description:
    "202 says that the order is accepted; whether it was placed is then read at its Location." +
    " The same Idempotency-Key again gets the same order, also after the sale sold out or ended.",
  security: [{ bearer: [] }],
  parameters: [idempotencyKey],
  request: {
    params: saleParams,
    body: { required: true, content: { "application/json": { schema: newOrder } } },
  },
  responses: {
    ...success(202, "The accepted order", acceptedOrder, ["Location"]),
    ...problemAnswers(
      ...tokenProblems,
      ...bodyProblems,
      "access-denied",
      "idempotency-key-missing",
      "sale-not-found",
      "sold-out",
      "buyer-limit-reached",
      "sale-not-open",
      "sale-paused",
      "sale-ended",
      "idempotency-key-reused",
      "rate-limited",
      "stock-unavailable",
      "overloaded",
      "outcome-unknown",
    ),
  },
});

const readSaleRoute = createRoute({
  method: "get",
  path: "/v1/sales/{id}",
  tags: ["Sales"],
  summary: "Read a sale",
  request: { params: saleParams },
  responses: {
    ...success(200, "The sale", saleAnswer, ["ETag"]),
    ...problemAnswers("sale-not-found"),
  },
});
