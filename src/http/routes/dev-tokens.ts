/** Tokens for development: for whoever asks, as whoever they like. Mounted only where the
 *  configuration allows it. */
import { createRoute } from "@hono/zod-openapi";
import { instant } from "../../domain/ids.ts";
import { signJwt } from "../../lib/sign-jwt.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { jsonBody } from "../guard.ts";
import { isoTime } from "../iso-time.ts";
import { jsonAnswer } from "../json-answer.ts";
import { bodyProblems, problemAnswers, success } from "../schemas/answers.ts";
import { tokenAnswer, tokenRequest } from "../schemas/token.ts";

export function devTokenRoutes(api: Api, deps: Pick<AppDeps, "auth" | "clock">): void {
  const { keys, issuer, audience, tokenTtlSeconds } = deps.auth;
  const route = createRoute({
    method: "post",
    path: "/v1/dev/tokens",
    tags: ["Development"],
    summary: "Get a token, only where development tokens are on",
    middleware: [jsonBody],
    request: {
      body: { required: true, content: { "application/json": { schema: tokenRequest } } },
    },
    responses: {
      ...success(201, "The token, for the Authorization header", tokenAnswer),
      ...problemAnswers(...bodyProblems),
    },
  });
  api.openapi(route, (c) => {
    const issuedAt = Math.floor(deps.clock.now() / 1000);
    const expiresAt = issuedAt + tokenTtlSeconds;
    const claims = { ...c.req.valid("json"), iss: issuer, aud: audience, iat: issuedAt };
    const token = signJwt(keys[0], { ...claims, exp: expiresAt });
    return jsonAnswer(201, { token, expiresAt: isoTime(instant(expiresAt * 1000)) });
  });
}
