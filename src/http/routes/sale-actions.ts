/** What an administrator does to a sale: open, pause, resume, close, add units, audit. */
import { createRoute } from "@hono/zod-openapi";
import { parseSaleId } from "../../domain/ids.ts";
import type { SaleAction } from "../../domain/sale.ts";
import { audit } from "../../usecases/audit.ts";
import { actOnSale } from "../../usecases/change-sale.ts";
import { restock } from "../../usecases/restock.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { auditView } from "../audit-view.ts";
import { refusal } from "../error-mapping.ts";
import { type Guard, jsonBody } from "../guard.ts";
import { jsonAnswer } from "../json-answer.ts";
import { noSuchSale } from "../no-such-sale.ts";
import { readRequestKey } from "../purchase-request.ts";
import { saleAnswer } from "../sale-route.ts";
import { bodyProblems, problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { auditAnswer } from "../schemas/audit.ts";
import { saleParams } from "../schemas/common.ts";
import { idempotencyKey } from "../schemas/parameters.ts";
import * as schema from "../schemas/sale.ts";

export function saleActionRoutes(api: Api, deps: AppDeps, guard: Guard): void {
  addAction(api, deps, guard, "open", "Open a sale now");
  addAction(api, deps, guard, "pause", "Pause an open sale");
  addAction(api, deps, guard, "resume", "Let a paused sale go on");
  addAction(api, deps, guard, "close", "End a sale for good");
  addRestock(api, deps, guard);
  addAudit(api, deps, guard);
}

function addAction(
  api: Api,
  deps: AppDeps,
  guard: Guard,
  action: SaleAction,
  summary: string,
): void {
  const route = createRoute({
    method: "post",
    path: `/v1/sales/{id}/${action}`,
    tags: ["Sales"],
    summary,
    description: "Harmless to repeat: a sale that is already so is answered as it is.",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { params: saleParams },
    responses: {
      ...success(200, "The sale as it is now", schema.saleAnswer, ["ETag"]),
      ...problemAnswers(...tokenProblems, "sale-not-found", "invalid-transition"),
    },
  });
  api.openapi(route, async (c) => {
    const saleId = parseSaleId(c.req.param("id"));
    if (saleId === null) return noSuchSale();
    const acted = await actOnSale(deps, saleId, action);
    return acted.ok ? saleAnswer(deps, 200, acted.value) : refusal(acted.error, deps.random);
  });
}

function addRestock(api: Api, deps: AppDeps, guard: Guard): void {
  const route = createRoute({
    method: "post",
    path: "/v1/sales/{id}/stock",
    tags: ["Sales"],
    summary: "Add units to a sale",
    security: [{ bearer: [] }],
    middleware: [guard("admin"), jsonBody],
    parameters: [idempotencyKey],
    request: {
      params: saleParams,
      body: { required: true, content: { "application/json": { schema: schema.restockBody } } },
    },
    responses: {
      ...success(200, "The sale as it is now", schema.saleAnswer, ["ETag"]),
      ...problemAnswers(
        ...tokenProblems,
        ...bodyProblems,
        "idempotency-key-missing",
        "sale-not-found",
        "sale-ended",
        "idempotency-key-reused",
      ),
    },
  });
  api.openapi(route, async (c) => {
    const saleId = parseSaleId(c.req.param("id"));
    if (saleId === null) return noSuchSale();
    const key = readRequestKey(c.req.raw.headers);
    if (!key.ok) return key.error;
    const restocked = await restock(deps, saleId, c.req.valid("json").add, key.value);
    if (!restocked.ok) return refusal(restocked.error, deps.random);
    return saleAnswer(deps, 200, restocked.value);
  });
}

function addAudit(api: Api, deps: AppDeps, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path: "/v1/sales/{id}/audit",
    tags: ["Sales"],
    summary: "Account for every unit of a sale",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { params: saleParams },
    responses: {
      ...success(200, "What was counted, and whether it adds up", auditAnswer),
      ...problemAnswers(...tokenProblems, "sale-not-found"),
    },
  });
  api.openapi(route, async (c) => {
    const saleId = parseSaleId(c.req.param("id"));
    const sale = saleId === null ? null : await deps.directory.find(saleId);
    if (sale === null) return noSuchSale();
    return jsonAnswer(200, auditView(await audit(deps, sale.id)));
  });
}
