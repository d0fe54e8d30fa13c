/** The locks as they are now, for operators. */
import { createRoute, z } from "@hono/zod-openapi";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import type { Guard } from "../guard.ts";
import { jsonAnswer } from "../json-answer.ts";
import { problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { lockList } from "../schemas/locks.ts";

const query = z.object({
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._/-]*$/, "must be the beginning of a lock's name, like sales/")
    .default("")
    .openapi({ description: "What the names begin with", example: "sales/" }),
});

export function lockRoutes(api: Api, deps: Pick<AppDeps, "lease">, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path: "/v1/admin/locks",
    tags: ["Operations"],
    summary: "Who holds which lock, and who waits for it",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { query },
    responses: {
      ...success(200, "The locks that somebody holds", lockList),
      ...problemAnswers(...tokenProblems, "invalid-request", "service-unavailable"),
    },
  });
  api.openapi(route, async (c) => {
    const items = await deps.lease.list(c.req.valid("query").prefix);
    return jsonAnswer(200, { items });
  });
}
