/** Reads a request's body as JSON: the right media type, not too large, well-formed. */
import { limits } from "../domain/limits.ts";
import { err, ok, type Result } from "../lib/result.ts";
import { faultyRequest } from "./faults.ts";
import { problem } from "./problem.ts";

/** A body of declared length is what it says; another one is counted as it comes. */
export function readText(request: Request): Promise<Result<string, Response>> {
  const length = request.headers.get("content-length");
  const refused = refusedByHeaders(request.headers, length);
  if (refused !== null) return Promise.resolve(err(refused));
  const text = length === null ? readCounted(request) : request.text();
  return text.then(checked, unreadable);
}

function checked(text: string | null): Result<string, Response> {
  return text === null || text.length > limits.bodyMaxBytes ? err(tooLarge()) : ok(text);
}

function unreadable(): Result<string, Response> {
  return err(faultyRequest([{ field: "", message: "could not be read to its end" }]));
}

export function parseJson(text: string): Result<unknown, Response> {
  try {
    return ok(JSON.parse(text));
  } catch {
    return err(faultyRequest([{ field: "", message: "is not valid JSON" }]));
  }
}

/** What is wrong with a body before any of it was read, or null. */
function refusedByHeaders(headers: Headers, length: string | null): Response | null {
  if (!isJson(headers.get("content-type"))) {
    return problem("unsupported-media-type", "send the body as application/json");
  }
  return Number(length ?? 0) > limits.bodyMaxBytes ? tooLarge() : null;
}

function isJson(contentType: string | null): boolean {
  if (contentType === "application/json") return true;
  return contentType !== null && jsonWithParameters.test(contentType);
}

/** RFC 9110: parameters after a semicolon, names and values as tokens or quoted. */
const jsonWithParameters = /^application\/json[ \t]*(;[ \t]*charset="?utf-8"?[ \t]*)?;?$/i;

/** Null once it is too long. */
async function readCounted(request: Request): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limits.bodyMaxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function tooLarge(): Response {
  return problem("body-too-large", `the body may have at most ${limits.bodyMaxBytes} bytes`);
}
