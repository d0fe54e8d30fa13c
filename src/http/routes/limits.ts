/** The limits that are no sale's own: reading and changing them. */
import { createRoute } from "@hono/zod-openapi";
import type { AdmissionLimits, AdmissionSettings } from "../../domain/admission.ts";
import { changeLimits, readAdmission } from "../../usecases/change-admission.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { type Guard, jsonBody } from "../guard.ts";
import { entityTag, versionConflict, versionToChange } from "../if-match.ts";
import { jsonAnswer } from "../json-answer.ts";
import { limitsAnswer, limitsChange } from "../schemas/admission.ts";
import { bodyProblems, problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { ifMatch } from "../schemas/parameters.ts";

type Deps = Pick<AppDeps, "admission" | "admissionSettings" | "clock">;

const path = "/v1/admin/limits";

export function limitRoutes(api: Api, deps: Deps, guard: Guard): void {
  addRead(api, deps, guard);
  addChange(api, deps, guard);
}

function addRead(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path,
    tags: ["Operations"],
    summary: "How often addresses, buyers and everybody together may try to buy",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    responses: {
      ...success(200, "The limits", limitsAnswer, ["ETag"]),
      ...problemAnswers(...tokenProblems),
    },
  });
  api.openapi(route, async () => answer(await readAdmission(deps)));
}

function addChange(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "patch",
    path,
    tags: ["Operations"],
    summary: "Change those limits, on every node within a second",
    description: "What is left out stays as it is; null lifts a limit.",
    security: [{ bearer: [] }],
    middleware: [guard("admin"), jsonBody],
    parameters: [ifMatch],
    request: {
      body: { required: true, content: { "application/json": { schema: limitsChange } } },
    },
    responses: {
      ...success(200, "The limits as they are now", limitsAnswer, ["ETag"]),
      ...problemAnswers(
        ...tokenProblems,
        ...bodyProblems,
        "version-conflict",
        "precondition-required",
      ),
    },
  });
  api.openapi(route, async (c) => {
    const found = versionedOf(await readAdmission(deps));
    const version = versionToChange(c.req.header("if-match") ?? null, found);
    if (!version.ok) return version.error;
    const changed = await changeLimits(deps, version.value, changeOf(c.req.valid("json")));
    return changed.ok ? answer(changed.value) : versionConflict(found);
  });
}

type Change = { [Name in keyof AdmissionLimits]?: AdmissionLimits[Name] | undefined };

function changeOf({ ip, buyer, global }: Change): Partial<AdmissionLimits> {
  return {
    ...(ip !== undefined && { ip }),
    ...(buyer !== undefined && { buyer }),
    ...(global !== undefined && { global }),
  };
}

function versionedOf({ version }: AdmissionSettings) {
  return { name: "the set of limits and lists", version };
}

function answer({ limits, version }: AdmissionSettings): Response {
  return jsonAnswer(200, { ...limits, version }, { etag: entityTag({ version }) });
}
