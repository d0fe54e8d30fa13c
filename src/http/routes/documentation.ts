/** The API's description: OpenAPI 3.1 for programs, and Swagger UI over it for people, from
 *  files that this program carries with it. */

import swaggerStyle from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import swaggerScript from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import pkg from "../../../package.json" with { type: "json" };
import { apiHeaders } from "../api-headers.ts";
import type { Api } from "../app-env.ts";
import { elsewhere } from "../guard.ts";

/** Mounted last: it describes the routes that are there by then. */
export function documentationRoutes(api: Api): void {
  const description = JSON.stringify(describe(api));
  const script = "text/javascript; charset=utf-8";
  const style = "text/css; charset=utf-8";
  api.get("/openapi.json", () => file(description, "application/json"));
  api.get("/docs", () => file(page, "text/html; charset=utf-8"));
  api.get("/docs/start.js", () => file(start, script));
  api.get("/docs/swagger-ui-bundle.js", () => file(Bun.file(swaggerScript), script));
  api.get("/docs/swagger-ui.css", () => file(Bun.file(swaggerStyle), style));
}

function describe(api: Api): object {
  api.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "HS256 or a key of the shop's; scope `buy` or `admin`; sub is the buyer's id",
  });
  const { paths = {}, ...rest } = api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Doorbuster", version: pkg.version, description: pkg.description },
    servers: [{ url: "/" }],
  });
  return { ...rest, paths: withoutOthers(api, paths) };
}

/** Without what is served on another port only. */
function withoutOthers(api: Api, paths: object): object {
  const others = api.routes
    .filter(({ handler }) => handler === elsewhere)
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  const kept = Object.entries(paths).map(([path, item]: [string, object]) => {
    const operations = Object.entries(item);
    return [path, operations.filter(([method]) => !others.includes(`${method} ${path}`))] as const;
  });
  const served = kept.filter(([, operations]) => operations.length > 0);
  return Object.fromEntries(served.map(([path, item]) => [path, Object.fromEntries(item)]));
}

function file(body: string | Bun.BunFile, contentType: string): Response {
  const headers = {
    ...apiHeaders,
    "content-type": contentType,
    "content-security-policy": policy,
    "referrer-policy": "no-referrer",
  };
  return new Response(body, { headers });
}

/** Swagger UI sets styles inline and draws its icons from data: URLs; it needs nothing else and
 *  nobody else. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Doorbuster API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
`;
