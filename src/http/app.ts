/** The HTTP API as one function from requests to answers. It never listens: `listen` puts it on
 *  a port, tests call it. */
import type { AppDeps } from "./app-deps.ts";
import { type Api, createApi } from "./app-env.ts";
import { authenticator } from "./auth.ts";
import { corsMiddleware, corsRules } from "./cors.ts";
import { fallback } from "./fallback.ts";
import { guardWith } from "./guard.ts";
import { observe } from "./observe.ts";
import { accessRoutes } from "./routes/access.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { devTokenRoutes } from "./routes/dev-tokens.ts";
import { documentationRoutes } from "./routes/documentation.ts";
import { hotHandlers, hotRoutes } from "./routes/hot.ts";
import { limitRoutes } from "./routes/limits.ts";
import { lockRoutes } from "./routes/locks.ts";
import { metricsRoute, probeRoutes } from "./routes/operations.ts";
import { orderRoutes } from "./routes/orders.ts";
import { saleActionRoutes } from "./routes/sale-actions.ts";
import { salesRoutes } from "./routes/sales.ts";

export interface AppOptions {
  /** Whether `/metrics` is served here; false where it has a port of its own. */
  readonly metrics: boolean;
  /** Whether administrators are served here; false where they have a port of their own. */
  readonly admins: boolean;
}

const everything: AppOptions = { metrics: true, admins: true };

export function buildApp(deps: AppDeps, options: AppOptions = everything): Api {
  const api = createApi();
  const guard = guardWith(authenticator(deps), options);
  const cors = corsRules(deps.cors);
  if (cors !== null) api.use(corsMiddleware(cors));
  hotRoutes(api, hotHandlers(deps));
  api.use(observe(deps.metrics));
  salesRoutes(api, deps, guard);
  saleActionRoutes(api, deps, guard);
  orderRoutes(api, deps, guard);
  deadLetterRoutes(api, deps, guard);
  lockRoutes(api, deps, guard);
  limitRoutes(api, deps, guard);
  accessRoutes(api, deps, guard);
  if (deps.auth.devTokens) devTokenRoutes(api, deps);
  probeRoutes(api, deps);
  if (options.metrics) metricsRoute(api, deps.metrics);
  documentationRoutes(api);
  fallback(api, deps.logger);
  return api;
}

/** The operators' part alone, for a port of its own. */
export function buildMetricsApp(deps: Pick<AppDeps, "metrics" | "health" | "logger">): Api {
  const api = createApi();
  api.use(observe(deps.metrics));
  probeRoutes(api, deps);
  metricsRoute(api, deps.metrics);
  fallback(api, deps.logger);
  return api;
}
