/** What no route answers: 404 for addresses that aren't there, 405 or the list of methods for
 *  those that are. */

import { lockedDownHeaders } from "./api-headers.ts";
import type { ErrorLog } from "./app-deps.ts";
import type { Api } from "./app-env.ts";
import { internalError } from "./internal-error.ts";
import { problem } from "./problem.ts";

/** Mounted after all routes: what a route answers never gets here. */
export function fallback(api: Api, logger: ErrorLog): void {
  for (const [path, allowed] of methodsByPath(api)) {
    api.all(path, (c) => (c.req.method === "OPTIONS" ? methods(allowed) : notAllowed(allowed)));
  }
  api.notFound(() => problem("not-found", "no route has this path"));
  api.onError((reason) => internalError(logger, reason));
}

function methodsByPath(api: Api): Map<string, string> {
  const routes = api.routes.filter(({ method }) => method !== "ALL");
  const grouped = Map.groupBy(routes, ({ path }) => path);
  return new Map([...grouped].map(([path, found]) => [path, allow(found)]));
}

function allow(routes: readonly { readonly method: string }[]): string {
  const found = new Set(routes.map(({ method }) => method));
  return [...found, ...(found.has("GET") ? ["HEAD"] : []), "OPTIONS"].toSorted().join(", ");
}

function methods(allowed: string): Response {
  return new Response(null, { status: 204, headers: { ...lockedDownHeaders, allow: allowed } });
}

function notAllowed(allowed: string): Response {
  return problem("method-not-allowed", `this address answers ${allowed}`, {
    headers: { allow: allowed },
  });
}
