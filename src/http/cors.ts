/** Lets pages of other origins call from a browser (the Fetch standard's CORS protocol), those that
 *  the configuration names. Tokens travel in a header, so cookies are never allowed. */
import type { MiddlewareHandler } from "hono";
import type { CorsConfig } from "../config/validate.ts";
import { lockedDownHeaders } from "./api-headers.ts";
import type { SaleHandler } from "./hot-route.ts";

export interface CorsRules {
  /** What the answers to a request of this origin say; null: nothing. */
  headersFor(origin: string | null): Readonly<Record<string, string>> | null;
  /** What a browser that asks first is told besides. */
  readonly preflight: Readonly<Record<string, string>>;
}

/** Null where nobody's pages may call. */
export function corsRules({ origins, maxAgeSeconds }: CorsConfig): CorsRules | null {
  if (origins.length === 0) return null;
  const anybody = origins.includes("*");
  const known = new Set(origins);
  return {
    headersFor(origin) {
      if (origin === null) return null;
      if (!anybody && !known.has(origin)) return null;
      return { "access-control-allow-origin": anybody ? "*" : origin, ...exposed };
    },
    preflight: { ...asked, "access-control-max-age": String(maxAgeSeconds) },
  };
}

const exposed = {
  "access-control-expose-headers":
    "location, etag, retry-after, ratelimit, ratelimit-policy, www-authenticate",
};

const asked = {
  "access-control-allow-methods": "GET, HEAD, POST, PATCH, PUT, DELETE",
  "access-control-allow-headers":
    "authorization, content-type, idempotency-key, if-match, admission-token",
};

/** For what goes through the router, and for every browser that asks first. */
export function corsMiddleware(rules: CorsRules): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin") ?? null;
    const headers = rules.headersFor(origin);
    if (headers !== null && isPreflight(c.req.raw)) {
      const all = { ...lockedDownHeaders, ...headers, ...rules.preflight, vary: "origin" };
      return new Response(null, { status: 204, headers: all });
    }
    await next();
    marked(c.res, headers);
    return undefined;
  };
}

/** For a handler that the server calls without the router. */
export function withCors(rules: CorsRules | null, handle: SaleHandler): SaleHandler {
  if (rules === null) return handle;
  return (...call) => {
    const headers = rules.headersFor(call[0].headers.get("origin"));
    const answer = handle(...call);
    return answer instanceof Promise
      ? answer.then((late) => marked(late, headers))
      : marked(answer, headers);
  };
}

/** Also an answer without these headers depends on who asked. */
function marked(answer: Response, headers: Readonly<Record<string, string>> | null): Response {
  answer.headers.append("vary", "origin");
  for (const [name, value] of Object.entries(headers ?? {})) answer.headers.set(name, value);
  return answer;
}

function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("access-control-request-method");
}
