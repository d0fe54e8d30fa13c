/** What operators and their machines ask: probes and metrics. */
import { createRoute } from "@hono/zod-openapi";
import { type Metrics, metricsContentType } from "../../observability/metrics.ts";
import { apiHeaders } from "../api-headers.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { jsonAnswer } from "../json-answer.ts";
import { problem } from "../problem.ts";
import { problemAnswers, success } from "../schemas/answers.ts";
import { healthAnswer } from "../schemas/health.ts";

export function probeRoutes(api: Api, deps: Pick<AppDeps, "health">): void {
  api.openapi(livezRoute, () => jsonAnswer(200, { status: "ok" }));
  api.openapi(readyzRoute, () => {
    const notReady = deps.health.unready();
    if (notReady.length === 0) return jsonAnswer(200, { status: "ready" });
    const detail = notReady.map((part) => `${part.part}: ${part.detail}`).join("; ");
    return problem("not-ready", detail, { fields: { notReady }, headers: { "retry-after": "1" } });
  });
}

export function metricsRoute(api: Api, metrics: Metrics): void {
  api.get("/metrics", async () => {
    const headers = { ...apiHeaders, "content-type": metricsContentType };
    return new Response(await metrics.text(), { headers });
  });
}

const livezRoute = createRoute({
  method: "get",
  path: "/livez",
  tags: ["Operations"],
  summary: "Whether the process lives",
  responses: { ...success(200, "It does", healthAnswer), ...problemAnswers() },
});

const readyzRoute = createRoute({
  method: "get",
  path: "/readyz",
  tags: ["Operations"],
  summary: "Whether the process can do its work",
  responses: { ...success(200, "It can", healthAnswer), ...problemAnswers("not-ready") },
});
