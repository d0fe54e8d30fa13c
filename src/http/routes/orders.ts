/** Buying and reading orders. The purchase itself is a hot route; what is here of it is its
 *  documentation. */
import { createRoute, z } from "@hono/zod-openapi";
import { parseSaleId } from "../../domain/ids.ts";
import { type FoundOrder, findOrder, listOrders } from "../../usecases/find-orders.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import type { Identity } from "../auth.ts";
import type { Guard } from "../guard.ts";
import { jsonAnswer } from "../json-answer.ts";
import { noSuchSale } from "../no-such-sale.ts";
import { orderView } from "../order-view.ts";
import { problem } from "../problem.ts";
import { problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { orderParams, pageQuery } from "../schemas/common.ts";
import { orderAnswer, orderPage } from "../schemas/order.ts";

export function orderRoutes(api: Api, deps: AppDeps, guard: Guard): void {
  addRead(api, deps, guard);
  addList(api, deps, guard);
}

function addRead(api: Api, deps: AppDeps, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path: "/v1/orders/{id}",
    tags: ["Orders"],
    summary: "Read an order",
    description: "A buyer reads his own orders, an administrator all.",
    security: [{ bearer: [] }],
    middleware: [guard("buy", "admin")],
    request: { params: orderParams },
    responses: {
      ...success(200, "The order", orderAnswer),
      ...problemAnswers(...tokenProblems, "order-not-found"),
    },
  });
  api.openapi(route, async (c) => {
    const order = await findOrder(deps, c.req.param("id"));
    if (order === null || !maySee(c.var.identity, order)) return noSuchOrder();
    return jsonAnswer(200, orderView(order));
  });
}

function addList(api: Api, deps: AppDeps, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path: "/v1/orders",
    tags: ["Orders"],
    summary: "List the orders of a sale, newest first",
    description: "A buyer lists his own orders, an administrator everybody's.",
    security: [{ bearer: [] }],
    middleware: [guard("buy", "admin")],
    request: { query: pageQuery.extend({ saleId: z.string().openapi({ example: "s1" }) }) },
    responses: {
      ...success(200, "A page of orders", orderPage),
      ...problemAnswers(...tokenProblems, "invalid-request", "sale-not-found"),
    },
  });
  api.openapi(route, async (c) => {
    const { saleId: text, limit, cursor = null } = c.req.valid("query");
    const saleId = parseSaleId(text);
    if (saleId === null || (await deps.directory.find(saleId)) === null) return noSuchSale();
    const buyerId = isAdmin(c.var.identity) ? null : c.var.identity.buyerId;
    const { items, nextCursor } = await listOrders(deps, { saleId, buyerId, limit, cursor });
    return jsonAnswer(200, { items: items.map(orderView), nextCursor });
  });
}

/** Nobody knows whose a lost reservation was, so whoever has its id may read that it is lost. */
function maySee(identity: Identity, order: FoundOrder): boolean {
  return isAdmin(identity) || order.buyerId === null || order.buyerId === identity.buyerId;
}

function isAdmin(identity: Identity): boolean {
  return identity.admin;
}

/** Also the answer for somebody else's order, so that ids tell nothing. */
function noSuchOrder(): Response {
  return problem("order-not-found", "you have no order with this id");
}
