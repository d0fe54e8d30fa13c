/** Middleware for routes: who may make the call, and whether its body can be read at all. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./app-env.ts";
import type { Authenticator } from "./auth.ts";
import { parseJson, readText } from "./json-body.ts";
import { problem } from "./problem.ts";
import { forbidden, type Scope } from "./token-answers.ts";

/** Lets those pass whose token has one of the scopes. */
export type Guard = (...scopes: readonly [Scope, ...Scope[]]) => MiddlewareHandler<AppEnv>;

export interface GuardOptions {
  /** False where administrators have a port of their own: elsewhere nobody is one. */
  readonly admins: boolean;
}

export function guardWith(authenticate: Authenticator, { admins }: GuardOptions): Guard {
  return (...scopes) => {
    const open = scopes.filter((scope) => admins || scope !== "admin");
    const [first] = open;
    if (first === undefined) return elsewhere;
    return async (c, next) => {
      const identity = await authenticate(c.req.header("authorization") ?? null);
      if (!identity.ok) return identity.error;
      if (!open.some((scope) => identity.value[scope])) return forbidden(first);
      c.set("identity", { ...identity.value, admin: admins && identity.value.admin });
      return next();
    };
  };
}

/** Of a route that is served on the administrators' port alone. */
export const elsewhere: MiddlewareHandler<AppEnv> = async () =>
  problem("not-found", "no route has this path");

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
