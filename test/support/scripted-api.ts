// A server that answers every request as the test says and remembers what it was asked.

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authorization: string | null;
  readonly requestKey: string | null;
  readonly body: unknown;
}

export interface ScriptedApi {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Answers the next requests, one each; the last one stays. */
  answer(...responses: readonly (() => Response)[]): void;
  stop(): Promise<void>;
}

export function scriptedApi(): ScriptedApi {
  const asked: Asked[] = [];
  let script: (() => Response)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      asked.push(await askedOf(request));
      const next = script.length > 1 ? script.shift() : script[0];
      return next?.() ?? new Response(null, { status: 500 });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    asked,
    answer(...responses) {
      script = [...responses];
      asked.length = 0;
    },
    stop: () => server.stop(true),
  };
}

export function problemAnswer(
  status: number,
  fields: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): () => Response {
  const type = "application/problem+json";
  return () => Response.json(fields, { status, headers: { "content-type": type, ...headers } });
}

async function askedOf(request: Request): Promise<Asked> {
  const url = new URL(request.url);
  const text = await request.text();
  return {
    method: request.method,
    path: url.pathname + url.search,
    authorization: request.headers.get("authorization"),
    requestKey: request.headers.get("idempotency-key"),
    body: text === "" ? null : JSON.parse(text),
  };
}
