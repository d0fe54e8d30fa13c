/** What the handlers of one request share, besides the request itself. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Identity } from "./auth.ts";
import { invalidRequest } from "./faults.ts";

export interface AppEnv {
  Variables: {
    /** Set by the guard of a route that asks for a token. */
    identity: Identity;
  };
}

export type Api = OpenAPIHono<AppEnv>;

/** An empty API, which answers what its schemas refuse as problems. */
export function createApi(): Api {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => (result.success ? undefined : invalidRequest(result.error.issues)),
  });
}
