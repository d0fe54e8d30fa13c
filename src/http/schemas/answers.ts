/** The answers of a route, as the documentation lists them: one for success, one for every
 *  status that its problems have. Everything that says `type` here is what a client will read,
 *  since both come from the registry of problems. */
import { type RouteConfig, z } from "@hono/zod-openapi";
import { type ProblemCode, problems } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import { problemMediaType, problemType } from "../problem.ts";

export type Answers = RouteConfig["responses"];

type HeaderDoc = {
  readonly description: string;
  readonly required: boolean;
  readonly schema: { readonly type: "string" | "integer"; readonly minimum?: number };
};

/** A successful answer in JSON. */
export function success(
  status: 200 | 201 | 202,
  description: string,
  schema: z.ZodType,
  headers: readonly (keyof typeof headerDocs)[] = [],
): Answers {
  const content = { "application/json": { schema } };
  return { [status]: { description, headers: docsOf(headers), content } };
}

/** A successful answer without a body. */
export function done(description: string): Answers {
  return { 204: { description } };
}

/** The answers for problems, one for each status. */
export function problemAnswers(...codes: readonly ProblemCode[]): Answers {
  const all: readonly ProblemCode[] = [...codes, "internal", "service-unavailable"];
  const byStatus = Map.groupBy(all, (code) => problems[code].status);
  const entries = [...byStatus].map(([status, codes]) => [status, problemAnswer(status, codes)]);
  return Object.fromEntries(entries);
}

/** The problems of every route that reads a body. */
export const bodyProblems = [
  "invalid-request",
  "body-too-large",
  "unsupported-media-type",
] as const satisfies ProblemCode[];

/** The problems of every route that asks for a token. */
export const tokenProblems = ["unauthenticated", "forbidden"] as const satisfies ProblemCode[];

const headerDocs = {
  Location: text("Where to read what was made"),
  ETag: text("The version, for If-Match"),
  "WWW-Authenticate": text("What is wrong with the token (RFC 6750)"),
  "Retry-After": { ...text("Whole seconds to wait"), schema: { type: "integer", minimum: 1 } },
  RateLimit: text("What is left: draft-ietf-httpapi-ratelimit-headers"),
  "RateLimit-Policy": text("The rate: draft-ietf-httpapi-ratelimit-headers"),
} as const satisfies Record<string, HeaderDoc>;

type HeaderName = keyof typeof headerDocs;

function text(description: string) {
  return { description, required: true, schema: { type: "string" } } as const;
}

function docsOf(names: readonly HeaderName[]): Record<string, HeaderDoc> {
  return Object.fromEntries(names.map((name) => [name, headerDocs[name]]));
}

function problemAnswer(status: number, codes: readonly ProblemCode[]): Answers[string] {
  const description = codes.map((code) => problems[code].title).join("; ");
  const content = { [problemMediaType]: { schema: problemSchema(status, codes) } };
  // Who is denied is told nothing about tokens.
  const plain = codes.includes("access-denied");
  return { description, headers: docsOf(plain ? [] : (headersOfStatus[status] ?? [])), content };
}

const headersOfStatus: Readonly<Record<number, readonly HeaderName[]>> = {
  401: ["WWW-Authenticate"],
  403: ["WWW-Authenticate"],
  429: ["Retry-After", "RateLimit", "RateLimit-Policy"],
  503: ["Retry-After"],
};

function problemSchema(status: number, codes: readonly ProblemCode[]): z.ZodType {
  return z.strictObject({
    type: z.enum(codes.map(problemType)),
    title: z.string(),
    status: z.literal(status).openapi({ type: "integer" }),
    detail: z.string(),
    ...(codes.includes("invalid-request") && { errors: faults.optional() }),
    ...(codes.includes("rate-limited") && { "violated-policies": z.array(z.string()) }),
    ...(codes.includes("not-ready") && { notReady: z.array(unreadyPart) }),
  });
}

const faults = z
  .array(z.strictObject({ field: z.string(), message: z.string() }))
  .max(limits.faultsMax)
  .openapi("Faults", { description: "What is wrong, field by field" });

const unreadyPart = z.strictObject({ part: z.string(), detail: z.string() });
