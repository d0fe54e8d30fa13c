/** Tokens for development: for whoever asks, as whoever they like. Mounted only where the
 *  configuration allows it. */
import { createRoute } from "@hono/zod-openapi";
import { ownClaims } from "../../config/token-claims.ts";
import { instant } from "../../domain/ids.ts";
import { present } from "../../lib/assert.ts";
import { signJwt } from "../../lib/sign-jwt.ts";
import type { AppDeps } from "../app-deps.ts";
import type { Api } from "../app-env.ts";
import { jsonBody } from "../guard.ts";
import { isoTime } from "../iso-time.ts";
import { jsonAnswer } from "../json-answer.ts";
import { bodyProblems, problemAnswers, success } from "../schemas/answers.ts";
import { tokenAnswer, tokenRequest } from "../schemas/token.ts";

export function devTokenRoutes(api: Api, deps: Pick<AppDeps, "auth" | "clock">): void {
  const { keys, tokenTtlSeconds } = deps.auth;
  const key = present(keys[0], "development tokens need a key to sign with");
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
    const times = { iat: issuedAt, exp: expiresAt };
    const token = signJwt(key, ownClaims(deps.auth, c.req.valid("json"), times));
    return jsonAnswer(201, { token, expiresAt: isoTime(instant(expiresAt * 1000)) });
  });
}
