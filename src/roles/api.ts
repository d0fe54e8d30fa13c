/** The api role: the HTTP API on its port, and the operators' part on one of its own where that
 * is configured. */
import { limits } from "../domain/limits.ts";
import { buildApp, buildMetricsApp } from "../http/app.ts";
import type { AppDeps } from "../http/app-deps.ts";
import { bunRoutes } from "../http/bun-routes.ts";
import { type HttpServer, listen } from "../http/listen.ts";
import type { Role } from "./role.ts";

/** A role that answers HTTP. */
export interface ListeningRole extends Role {
  /** Where it listens, without a trailing slash; call after `start`. */
  url(): string;
}

export interface ApiAddress {
  readonly host: string;
  readonly port: number;
  readonly sharePort: boolean;
  readonly metrics: { readonly port: number | null };
}

export function apiRole(deps: AppDeps, address: ApiAddress): ListeningRole {
  const { host, port, sharePort: share, metrics } = address;
  const servers: HttpServer[] = [];

  async function start(): Promise<void> {
    const app = buildApp(deps, { metrics: metrics.port === null });
    servers.push(listen(app, bunRoutes(deps), { host, port, share }));
    if (metrics.port === null) return;
    servers.push(listen(buildMetricsApp(deps), {}, { host, port: metrics.port }));
  }

  async function stop(): Promise<void> {
    await Promise.all(servers.map((server) => server.stop(limits.shutdownDeadlineMs)));
  }

  return { name: "api", start, stop, url: () => servers[0]?.url ?? "" };
}

/** What a process without the role api answers: probes and metrics, on the port for metrics if
 * there is one. */
export function probesRole(
  deps: Pick<AppDeps, "metrics" | "health" | "logger">,
  { host, port, metrics }: ApiAddress,
): ListeningRole {
  let server: HttpServer | null = null;

  async function start(): Promise<void> {
    server = listen(buildMetricsApp(deps), {}, { host, port: metrics.port ?? port });
  }

  const stop = async () => await server?.stop(limits.shutdownDeadlineMs);

  return { name: "probes", start, stop, url: () => server?.url ?? "" };
}
