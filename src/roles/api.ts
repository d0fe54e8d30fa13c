/** The api role: the HTTP API on its port, and the administrators' and the operators' parts on
 * ports of their own where that is configured. */
import { limits } from "../domain/limits.ts";
import { buildApp, buildMetricsApp } from "../http/app.ts";
import type { AppDeps } from "../http/app-deps.ts";
import { bunRoutes } from "../http/bun-routes.ts";
import { ownFiles, watchConnections } from "../http/connection-valve.ts";
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
  /** Port null: administrators are served on the main port. */
  readonly admin: { readonly port: number | null; readonly host: string };
  /** Port null: on the administrators' port, or else on the main one. */
  readonly metrics: { readonly port: number | null };
}

/** Where administrators are served, which may be where everybody is. */
export interface ApiRole extends ListeningRole {
  adminUrl(): string;
}

export function apiRole(deps: AppDeps, address: ApiAddress): ApiRole {
  const { host, port, sharePort: share, metrics, admin } = address;
  const servers: HttpServer[] = [];
  let stopWatching = () => {};

  async function start(): Promise<void> {
    const [apart, own] = [admin.port !== null, metrics.port === null];
    const app = buildApp(deps, { admins: !apart, metrics: own && !apart });
    servers.push(listen(app, bunRoutes(deps), { host, port, share }));
    if (admin.port !== null) {
      const all = buildApp(deps, { admins: true, metrics: own });
      const at = { host: admin.host, port: admin.port, share };
      servers.push(listen(all, bunRoutes(deps), at));
    }
    if (metrics.port !== null) {
      servers.push(listen(buildMetricsApp(deps), {}, { host, port: metrics.port }));
    }
    stopWatching = watchConnections({ clock: deps.clock, files: ownFiles(), shed });
  }

  function shed(): void {
    deps.metrics.connectionsShed();
    deps.logger.warn({}, "the files that may be open run short; idle connections are closed");
    for (const server of servers) server.shed(limits.answerDeadlineMs);
  }

  async function stop(): Promise<void> {
    stopWatching();
    await Promise.all(servers.map((server) => server.stop(limits.shutdownDeadlineMs)));
  }

  const url = () => servers[0]?.url ?? "";
  const adminUrl = () => (admin.port === null ? url() : (servers[1]?.url ?? ""));
  return { name: "api", start, stop, url, adminUrl };
}

/** What a process without the role api answers: probes and metrics, on the port for metrics if
 * there is one. */
export function probesRole(
  deps: Pick<AppDeps, "metrics" | "health" | "logger">,
  { host, port, metrics }: Pick<ApiAddress, "host" | "port" | "metrics">,
): ListeningRole {
  let server: HttpServer | null = null;

  async function start(): Promise<void> {
    server = listen(buildMetricsApp(deps), {}, { host, port: metrics.port ?? port });
  }

  const stop = async () => await server?.stop(limits.shutdownDeadlineMs);

  return { name: "probes", start, stop, url: () => server?.url ?? "" };
}
