/** Puts the API on a port, and takes it off again: first no new connections, then the requests
 *  in flight are answered, then what is left is cut. */
import type { BunRoutes } from "./bun-routes.ts";
import type { Peer } from "./client-address.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Whether other processes may listen there, too; the kernel spreads the connections. */
  readonly share?: boolean;
}

export interface HttpServer {
  /** Without a trailing slash. */
  readonly url: string;
  /** Goes on listening, and closes every connection that there is: at once if nothing is asked on
   * it, within `graceMs` if half a request is, or an answer is not there yet. */
  shed(graceMs: number): void;
  /** Resolves once nobody is connected any more, after `deadlineMs` at the latest. */
  stop(deadlineMs: number): Promise<void>;
}

export type ListenErrorCode = "port-in-use" | "port-forbidden" | "address-unavailable";

/** Why nothing could listen there, and what whoever started it can do about it. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: ListenErrorCode;
  readonly help: string;

  constructor(code: ListenErrorCode, message: string, help: string) {
    super(message);
    this.code = code;
    this.help = help;
  }
}

/** What answers a request; who is at its other end, it may ask. */
export interface App {
  fetch(request: Request, from: { readonly peer: Peer }): Response | Promise<Response>;
}

/** Requests go to `routes` first; what these don't answer goes to the app. */
export function listen(app: App, routes: BunRoutes, options: ListenOptions): HttpServer {
  let server = serve(app, routes, options);
  const { origin } = server.url;
  const at = { ...options, port: server.port ?? options.port };
  /** Those that still answer what they were asked. */
  const ending = new Set<Server>();

  /** Nothing closes connections but a server that stops. */
  function shed(graceMs: number): void {
    const old = server;
    ending.add(old);
    void stop(old, graceMs).then(() => ending.delete(old));
    server = serve(app, routes, at);
  }

  async function end(deadlineMs: number): Promise<void> {
    await Promise.all([server, ...ending].map((one) => stop(one, deadlineMs)));
  }

  return { url: origin, shed, stop: end };
}

type Server = Bun.Server<undefined>;

function serve(app: App, routes: BunRoutes, { host, port, share = false }: ListenOptions): Server {
  try {
    return Bun.serve({
      hostname: host,
      port,
      routes,
      fetch: (request, server) =>
        app.fetch(asGet(request), { peer: () => server.requestIP(request)?.address ?? null }),
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: bodyBackstopBytes,
      development: false,
      reusePort: share,
    });
  } catch (reason) {
    throw listenError(reason, host, port);
  }
}

/** Bun sends the answer to a HEAD without its body, but with the length that it has. */
function asGet(request: Request): Request {
  return request.method === "HEAD" ? new Request(request, { method: "GET" }) : request;
}

const idleTimeoutSeconds = 30;

/** Far above what any route reads: a body that is too large for its route is refused there, with
 *  an answer that says so. This only bounds what may pile up in memory until it is. */
const bodyBackstopBytes = 128 * 2 ** 20;

async function stop(server: Server, deadlineMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([server.stop(), late]);
  clearTimeout(timer);
  await server.stop(true);
}

function listenError(reason: unknown, host: string, port: number): unknown {
  const code = reason instanceof Error && "code" in reason ? reason.code : undefined;
  const where = `port ${port} on ${host}`;
  switch (code) {
    case "EADDRINUSE":
      return new ListenError("port-in-use", `${where} is in use`, "Choose another with --port.");
    case "EACCES":
      return new ListenError("port-forbidden", `${where} needs more rights`, forbiddenHelp);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new ListenError("address-unavailable", `${host} is no address of this machine`, help);
    default:
      return reason;
  }
}

const forbiddenHelp = "Choose a port from 1024 on with --port.";
const help = "Choose one with --host: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody.";
