/** The public HTTP API as the commands use it: JSON in, JSON out, and a failure in words for every
 *  way it can go wrong. */
import type { z } from "zod";
import { CliFailure } from "./failure.ts";
import { problemFailure } from "./problem-failure.ts";

export interface ApiClient {
  /** Without a trailing slash. */
  readonly url: string;
  /** Null for calls that anyone may make. */
  readonly token: string | null;
}

export interface ApiCall {
  readonly method?: "GET" | "POST" | "PATCH";
  /** Starts with a slash. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What to do if no answer came and it is not known whether the call had its effect. */
  readonly unknownOutcome?: string;
}

const answerDeadlineMs = 15_000;

/** The body of a successful answer, checked for what the command needs of it; unknown fields are
 *  kept. */
export async function callApi<Answer extends z.ZodType>(
  client: ApiClient,
  call: ApiCall,
  answer: Answer,
): Promise<z.output<Answer>> {
  const response = await send(client, call);
  const body = await jsonOf(response);
  if (!response.ok) throw problemFailure(response, body, client.url);
  const parsed = answer.safeParse(body);
  if (!parsed.success) throw notDoorbuster(client.url);
  return parsed.data;
}

async function send(client: ApiClient, call: ApiCall): Promise<Response> {
  const { body } = call;
  const headers = {
    accept: "application/json",
    ...(client.token === null ? {} : { authorization: `Bearer ${client.token}` }),
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...call.headers,
  };
  try {
    return await fetch(client.url + call.path, {
      method: call.method ?? "GET",
      headers,
      redirect: "error",
      signal: AbortSignal.timeout(answerDeadlineMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (reason) {
    throw noAnswer(client.url, reason, call.unknownOutcome);
  }
}

/** Null if the body is no JSON. */
async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function noAnswer(url: string, reason: unknown, unknownOutcome: string | undefined): CliFailure {
  const timedOut = reason instanceof Error && reason.name === "TimeoutError";
  if (timedOut) {
    return new CliFailure({
      code: "no-answer",
      message: `the server at ${url} did not answer within ${answerDeadlineMs / 1_000} seconds`,
      help: unknownOutcome ?? "Try again; `doorbuster doctor` looks for a cause on this machine.",
    });
  }
  const connected = !refusedCodes.has(codeOf(reason));
  return new CliFailure({
    code: "no-server",
    message: connected
      ? `the connection to ${url} failed (${codeOf(reason)})`
      : `no server answers at ${url}`,
    help: (connected ? unknownOutcome : undefined) ?? startOne,
  });
}

const refusedCodes = new Set(["ConnectionRefused", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

const startOne = "Start one with `npm start` (or `doorbuster serve`), or name another with --url.";

function codeOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason);
  return "code" in reason ? String(reason.code) : reason.message;
}

function notDoorbuster(url: string): CliFailure {
  return new CliFailure({
    code: "not-doorbuster",
    message: `what answers at ${url} does not speak Doorbuster's API of this version`,
    help: "Check the address, and that server and command line have the same version.",
  });
}
