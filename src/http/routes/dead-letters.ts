/** The messages that could not be handled: an administrator looks at them, and puts one back into
 *  the order log once its cause is mended. */
import { createRoute, z } from "@hono/zod-openapi";
import type { DeadLetter } from "../../ports/order-log.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import type { Guard } from "../guard.ts";
import { isoTime } from "../iso-time.ts";
import { jsonAnswer } from "../json-answer.ts";
import { problem } from "../problem.ts";
import { problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { pageQuery } from "../schemas/common.ts";
import { deadLetterPage, replayAnswer } from "../schemas/dead-letter.ts";

type Deps = Pick<AppDeps, "log">;

export function deadLetterRoutes(api: Api, deps: Deps, guard: Guard): void {
  addList(api, deps, guard);
  addReplay(api, deps, guard);
}

function addList(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path: "/v1/admin/dlq",
    tags: ["Operations"],
    summary: "The newest messages that could not be handled",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { query: pageQuery.pick({ limit: true }) },
    responses: {
      ...success(200, "The newest first", deadLetterPage),
      ...problemAnswers(...tokenProblems, "invalid-request"),
    },
  });
  api.openapi(route, async (c) => {
    const letters = await deps.log.deadLetters(c.req.valid("query").limit);
    return jsonAnswer(200, { items: letters.map(deadLetterView) });
  });
}

function addReplay(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "post",
    path: "/v1/admin/dlq/{id}/replay",
    tags: ["Operations"],
    summary: "Put a dead letter back into the order log, as it was written",
    description: "Harmless to repeat: an order that has been decided is not decided again.",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { params: z.object({ id: z.string().openapi({ example: "0-17" }) }) },
    responses: {
      ...success(200, "It is in the order log again", replayAnswer),
      ...problemAnswers(...tokenProblems, "not-found"),
    },
  });
  api.openapi(route, async (c) => {
    const id = c.req.param("id");
    const replayed = await deps.log.replay(id);
    if (!replayed.ok) return problem("not-found", "there is no dead letter with this id");
    return jsonAnswer(200, { id, replayed: true });
  });
}

function deadLetterView({ buriedAt, ...letter }: DeadLetter) {
  return { ...letter, buriedAt: isoTime(buriedAt) };
}
