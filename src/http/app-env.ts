/** What the handlers of one request share, besides the request itself. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Identity } from "./auth.ts";
import type { Peer } from "./client-address.ts";
import { invalidRequest } from "./faults.ts";

export interface AppEnv {
  /** Who is at the other end, where there is a connection. */
  Bindings: { readonly peer?: Peer };
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
