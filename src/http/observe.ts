/** Middleware around every route that is not hot: measures it and locks its answer down. */
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Metrics } from "../observability/metrics.ts";
import { lockedDownHeaders } from "./api-headers.ts";

export function observe(metrics: Metrics): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    const meter = metrics.route(methodLabel(c.req.method), routeLabel(c));
    meter.answered(c.res.status, (performance.now() - startedAt) / 1000);
    for (const [name, value] of Object.entries(lockedDownHeaders)) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  };
}

/** Clients invent methods and paths; labels must not grow with them. */
function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : "other";
}

const knownMethods = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]);

/** The pattern that answered, as the documentation writes it. */
function routeLabel(c: Context): string {
  const pattern = routePath(c, -1);
  return pattern === "/*" ? "unknown" : pattern.replaceAll(/:([a-z]+)/gi, "{$1}");
}
