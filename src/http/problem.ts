/** Problems as answers (RFC 9457): the registry's title and status, a detail for people, and
 *  fields for programs. */
import { type ProblemCode, problems } from "../domain/errors.ts";
import { apiHeaders } from "./api-headers.ts";

export interface ProblemExtras {
  /** Further response headers, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the body. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export const problemMediaType = "application/problem+json";

export function problem(code: ProblemCode, detail: string, extras: ProblemExtras = {}): Response {
  const { status } = problems[code];
  const headers =
    extras.headers === undefined ? problemHeaders : withProblemHeaders(extras.headers);
  return new Response(problemBody(code, detail, extras.fields), { status, headers });
}

/** Makes the same problem again and again. */
export type PreparedProblem = () => Response;

/** A problem whose parts are built once, for the answers that are given most often. */
export function preparedProblem(
  code: ProblemCode,
  detail: string,
  { headers = {}, fields }: ProblemExtras = {},
): PreparedProblem {
  const body = problemBody(code, detail, fields);
  const init = { status: problems[code].status, headers: withProblemHeaders(headers) };
  return () => new Response(body, init);
}

function problemBody(
  code: ProblemCode,
  detail: string,
  fields?: Readonly<Record<string, unknown>>,
): string {
  const { status, title } = problems[code];
  return JSON.stringify({ type: problemType(code), title, status, detail, ...fields });
}

export function problemType(code: ProblemCode): string {
  return `/problems/${code}`;
}

/** The headers of every problem, and some more. */
function withProblemHeaders(more: Readonly<Record<string, string>>): Headers {
  const headers = new Headers(problemHeaders);
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return headers;
}

/** Built once: a `Response` copies it, which is cheaper than reading an object's properties
 *  again. */
const problemHeaders = new Headers({ ...apiHeaders, "content-type": problemMediaType });
