/** Which server a client command talks to, and as whom: flags first, then the environment, then the
 *  configuration. */
import type { Command } from "commander";
import type { AuthConfig, Config } from "../config/validate.ts";
import type { ApiClient } from "./api-client.ts";
import { withConfig } from "./documented.ts";
import { CliFailure } from "./failure.ts";
import { signToken } from "./sign-token.ts";
import { configOf, type World } from "./world.ts";

export interface ConnectionOptions {
  readonly url?: string;
  readonly token?: string;
  readonly config?: string;
}

/** Long enough for one command, short enough to be worth nothing to whoever finds it later. */
const tokenTtlSeconds = 60;

export function withConnection(command: Command): Command {
  return withConfig(command)
    .option("--url <url>", "the server (default: DOORBUSTER_URL, or host and port of the config)")
    .option("--token <jwt>", "admin token (default: DOORBUSTER_TOKEN, or signed with the config)");
}

/** A client for calls that anyone may make. */
export async function publicClient(world: World, options: ConnectionOptions): Promise<ApiClient> {
  const { url } = await addressOf(world, options);
  return { url, token: options.token ?? world.env.DOORBUSTER_TOKEN ?? null };
}

export async function adminClient(world: World, options: ConnectionOptions): Promise<ApiClient> {
  const { url, auth } = await addressOf(world, options);
  const given = options.token ?? (world.env.DOORBUSTER_TOKEN || undefined);
  return { url, token: given ?? adminToken(auth) };
}

export function adminToken(auth: AuthConfig): string {
  return signToken(auth, { sub: "doorbuster-cli", scope: "admin" }, tokenTtlSeconds).token;
}

/** Where a server of this configuration is reached from the same machine. */
export function ownUrl({ host, port }: Pick<Config, "host" | "port">): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** Where its administrators are served. */
export function ownAdminUrl({
  host,
  port,
  admin,
}: Pick<Config, "host" | "port" | "admin">): string {
  return ownUrl(admin.port === null ? { host, port } : { host: admin.host, port: admin.port });
}

/** The administrators' port answers everything. The configuration is read even if the address is
 *  given, because the token may be signed with it. */
async function addressOf(
  world: World,
  options: ConnectionOptions,
): Promise<{ url: string; auth: AuthConfig }> {
  const { config } = await configOf(world, options.config);
  const given = options.url ?? (world.env.DOORBUSTER_URL || undefined);
  return { url: given === undefined ? ownAdminUrl(config) : checkedUrl(given), auth: config.auth };
}

export function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "") {
    throw new CliFailure({
      code: "usage",
      usage: true,
      message: `--url is ${JSON.stringify(text)}; it must look like http://127.0.0.1:7070`,
    });
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
