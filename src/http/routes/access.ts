/** The lists of who may not buy, and of whom no limit of their own binds. */
import { createRoute } from "@hono/zod-openapi";
import {
  type AccessEntry,
  type AccessKind,
  type AccessList,
  type AccessName,
  accessValue,
} from "../../domain/admission.ts";
import { err, ok, type Result } from "../../lib/result.ts";
import { putAccess, readAdmission, removeAccess } from "../../usecases/change-admission.ts";
import { lockedDownHeaders } from "../api-headers.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { faultyRequest } from "../faults.ts";
import { type Guard, jsonBody } from "../guard.ts";
import { isoTime } from "../iso-time.ts";
import { jsonAnswer } from "../json-answer.ts";
import { problem } from "../problem.ts";
import {
  accessEntry,
  accessPage,
  entryBody,
  entryParams,
  listParams,
} from "../schemas/admission.ts";
import { bodyProblems, done, problemAnswers, success, tokenProblems } from "../schemas/answers.ts";
import { pageQuery } from "../schemas/common.ts";

type Deps = Pick<AppDeps, "admission" | "admissionSettings" | "clock">;

const listPath = "/v1/admin/access/{list}";
const entryPath = `${listPath}/{kind}/{value}`;

export function accessRoutes(api: Api, deps: Deps, guard: Guard): void {
  addList(api, deps, guard);
  addPut(api, deps, guard);
  addRemove(api, deps, guard);
}

function addList(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "get",
    path: listPath,
    tags: ["Operations"],
    summary: "Who is on a list",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { params: listParams, query: pageQuery },
    responses: {
      ...success(200, "A page of the list, by kind and value", accessPage),
      ...problemAnswers(...tokenProblems, "invalid-request"),
    },
  });
  api.openapi(route, async (c) => {
    const { limit, cursor } = c.req.valid("query");
    const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString();
    const { access } = await readAdmission(deps);
    const left = access
      .filter((entry) => entry.list === c.req.valid("param").list && placeOf(entry) > after)
      .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
    const items = left.slice(0, limit);
    const last = left.length > limit ? items.at(-1) : undefined;
    const nextCursor = last ? Buffer.from(placeOf(last)).toString("base64url") : null;
    return jsonAnswer(200, { items: items.map(view), nextCursor });
  });
}

function addPut(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "put",
    path: entryPath,
    tags: ["Operations"],
    summary: "Put a buyer or a network on a list, on every node within a second",
    description:
      "Who is denied is answered 403 `access-denied` when he tries to buy. Who is allowed is not " +
      "denied, and the limit of his kind does not bind him; those of the sale and of everybody do.",
    security: [{ bearer: [] }],
    middleware: [guard("admin"), jsonBody],
    request: {
      params: entryParams,
      body: { required: true, content: { "application/json": { schema: entryBody } } },
    },
    responses: {
      ...success(200, "It was there; its note is this now", accessEntry),
      ...success(201, "It is on the list", accessEntry),
      ...problemAnswers(...tokenProblems, ...bodyProblems, "access-list-full"),
    },
  });
  api.openapi(route, async (c) => {
    const name = nameOf(c.req.valid("param"));
    if (!name.ok) return name.error;
    const put = await putAccess(deps, name.value, c.req.valid("json").note);
    if (!put.ok) return problem("access-list-full", "remove entries that are no longer needed");
    const stored = (await readAdmission(deps)).access.find((entry) => same(entry, name.value));
    const shown = stored ?? { ...name.value, note: null, createdAt: deps.clock.now() };
    return jsonAnswer(put.value === "created" ? 201 : 200, view(shown));
  });
}

function addRemove(api: Api, deps: Deps, guard: Guard): void {
  const route = createRoute({
    method: "delete",
    path: entryPath,
    tags: ["Operations"],
    summary: "Take a buyer or a network off a list, on every node within a second",
    security: [{ bearer: [] }],
    middleware: [guard("admin")],
    request: { params: entryParams },
    responses: {
      ...done("It is not on the list any more"),
      ...problemAnswers(...tokenProblems, "invalid-request", "not-found"),
    },
  });
  api.openapi(route, async (c) => {
    const name = nameOf(c.req.valid("param"));
    if (!name.ok) return name.error;
    if (await removeAccess(deps, name.value)) {
      return new Response(null, { status: 204, headers: lockedDownHeaders });
    }
    return problem("not-found", `${name.value.value} is not on the list ${name.value.list}`);
  });
}

interface EntryParams {
  readonly list: AccessList;
  readonly kind: AccessKind;
  readonly value: string;
}

function nameOf({ list, kind, value: text }: EntryParams): Result<AccessName, Response> {
  const value = accessValue(kind, text);
  if (value !== null) return ok({ list, kind, value });
  return err(faultyRequest([{ field: "value", message: mustBe[kind] }]));
}

const mustBe: Readonly<Record<AccessKind, string>> = {
  buyers: "must be a buyer's id: 1 to 128 printable ASCII characters",
  networks: "must be an IP address, or a network such as 203.0.113.0/24 without bits of a host",
};

function placeOf({ kind, value }: AccessName): string {
  return `${kind}/${value}`;
}

function same(entry: AccessEntry, { list, kind, value }: AccessName): boolean {
  return entry.list === list && entry.kind === kind && entry.value === value;
}

function view({ createdAt, ...entry }: AccessEntry) {
  return { ...entry, createdAt: isoTime(createdAt) };
}
