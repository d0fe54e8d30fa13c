/** Successful answers: JSON with the API's headers. */
import { apiHeaders } from "./api-headers.ts";

export function jsonAnswer(
  status: 200 | 201,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const all = { ...apiHeaders, ...headers, "content-type": "application/json" };
  return new Response(JSON.stringify(body), { status, headers: all });
}
