/** Creating, reading and changing sales. */
import { createRoute } from "@hono/zod-openapi";
import { parseSaleId } from "../../domain/ids.ts";
import { amendSale, createSale } from "../../usecases/change-sale.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { refusal } from "../error-mapping.ts";
import { type Guard, jsonBody } from "../guard.ts";
import { versionToChange } from "../if-match.ts";
import { jsonAnswer } from "../json-answer.ts";
import { noSuchSale } from "../no-such-sale.ts";
import { saleAnswer } from "../sale-route.ts";
import { changeOf, saleView, termsOf } from "../sale-view.ts";
import { bodyProblems, problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { pageQuery, saleParams } from "../schemas/common.ts";
import { ifMatch } from "../schemas/parameters.ts";
import * as schema from "../schemas/sale.ts";

export function salesRoutes(api: Api, deps: AppDeps, guard: Guard): void {
  addCreate(api, deps, guard);
  addList(api, deps);
  addChange(api, deps, guard);
}

function addCreate(api: Api, deps: AppDeps, guard: Guard): void {
  const route = createRoute({
    method: "post",
    path: "/v1/sales",
    tags: ["Sales"],
    summary: "Create a sale",
    description: "With startsAt it opens by itself at that time, without it by /open.",
    security: [{ bearer: [] }],
    middleware: [guard("admin"), jsonBody],
    request: {
      body: { required: true, content: { "application/json": { schema: schema.saleTerms } } },
    },
    responses: {
      ...success(201, "The sale", schema.saleAnswer, ["Location", "ETag"]),
      ...problemAnswers(...tokenProblems, ...bodyProblems),
    },
  });
  api.openapi(route, async (c) => {
    const created = await createSale(deps, termsOf(c.req.valid("json")));
    if (!created.ok) return refusal(created.error, deps.random);
    return saleAnswer(deps, 201, created.value, { location: `/v1/sales/${created.value.id}` });
  });
}

function addList(api: Api, deps: AppDeps): void {
  const route = createRoute({
    method: "get",
    path: "/v1/sales",
    tags: ["Sales"],
    summary: "List the sales, newest first",
    request: { query: pageQuery },
    responses: {
      ...success(200, "A page of sales", schema.salePage),
      ...problemAnswers("invalid-request"),
    },
  });
  api.openapi(route, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const { items, nextCursor } = await deps.sales.list(limit, cursor ?? null);
    const levels = await Promise.all(items.map((sale) => deps.stock.level(sale.id)));
    const now = deps.clock.now();
    const views = items.map((sale, at) => saleView(sale, levels[at] ?? null, now));
    return jsonAnswer(200, { items: views, nextCursor });
  });
}

function addChange(api: Api, deps: AppDeps, guard: Guard): void {
  const route = createRoute({
    method: "patch",
    path: "/v1/sales/{id}",
    tags: ["Sales"],
    summary: "Change a sale's terms",
    security: [{ bearer: [] }],
    middleware: [guard("admin"), jsonBody],
    parameters: [ifMatch],
    request: {
      params: saleParams,
      body: { required: true, content: { "application/json": { schema: schema.saleChange } } },
    },
    responses: {
      ...success(200, "The sale as it is now", schema.saleAnswer, ["ETag"]),
      ...problemAnswers(
        ...tokenProblems,
        ...bodyProblems,
        "sale-not-found",
        "invalid-transition",
        "version-conflict",
        "precondition-required",
      ),
    },
  });
  api.openapi(route, async (c) => {
    const saleId = parseSaleId(c.req.param("id"));
    const sale = saleId === null ? null : await deps.sales.byId(saleId);
    if (sale === null) return noSuchSale();
    const versioned = { name: `sale ${sale.id}`, version: sale.version };
    const version = versionToChange(c.req.header("if-match") ?? null, versioned);
    if (!version.ok) return version.error;
    const changed = await amendSale(deps, sale.id, version.value, changeOf(c.req.valid("json")));
    return changed.ok ? saleAnswer(deps, 200, changed.value) : refusal(changed.error, deps.random);
  });
}
