/** Middleware for routes: who may make the call, and whether its body can be read at all. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";
import { type Authenticator, forbidden, type Scope } from "./auth.ts";
import { parseJson, readText } from "./json-body.ts";

/** Lets those pass whose token has one of the scopes. */
export type Guard = (...scopes: readonly [Scope, ...Scope[]]) => MiddlewareHandler<AppEnv>;

export function guardWith(authenticate: Authenticator): Guard {
  return (...scopes) =>
    async (c, next) => {
      const identity = authenticate(c.req.header("authorization") ?? null);
      if (!identity.ok) return identity.error;
      if (!scopes.some((scope) => identity.value[scope])) return forbidden(scopes[0]);
      c.set("identity", identity.value);
      return next();
    };
}

/** Reads the body, so that the schema behind it only meets well-formed JSON of the right type
 *  and size. */
export const jsonBody: MiddlewareHandler = async (c, next) => {
  const text = await readText(c.req.raw);
  if (!text.ok) return text.error;
  const json = parseJson(text.value);
  if (!json.ok) return json.error;
  c.req.raw = new Request(c.req.raw, { body: text.value });
  return next();
};
