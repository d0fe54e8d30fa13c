/** What `redis.url` says: one server, a cluster, or sentinels that know the master. */
import type { RedisOptions } from "ioredis";
import { type Tls, tlsOptions } from "../../lib/tls.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `options` are those of each connection; a cluster's lack host and port. */
export type RedisAddress =
  | { readonly kind: "single"; readonly options: RedisOptions }
  | {
      readonly kind: "cluster";
      readonly seeds: readonly HostPort[];
      readonly options: RedisOptions;
    };

const noTrust: Omit<Tls, "enabled"> = { ca: null, cert: null, key: null };
const defaultPort = 6379;
const sentinelPort = 26_379;

/** The text has passed the configuration's pattern:
 * redis[s][+cluster|+sentinel]://[[user]:password@]host[:port],…[/database or master's name]. */
export function parseRedisUrl(text: string, trust = noTrust): RedisAddress {
  const [scheme = "", rest = ""] = text.split("://");
  const at = rest.lastIndexOf("@");
  const [hosts = "", path = ""] = rest.slice(at + 1).split("/");
  const options = { ...credentials(rest.slice(0, Math.max(0, at))), ...tls(scheme, trust) };
  if (scheme.endsWith("+cluster")) {
    return { kind: "cluster", seeds: hostPorts(hosts, defaultPort), options };
  }
  if (scheme.endsWith("+sentinel")) {
    const sentinels = hostPorts(hosts, sentinelPort);
    return { kind: "single", options: { ...options, sentinels, name: path } };
  }
  const [node = { host: hosts, port: defaultPort }] = hostPorts(hosts, defaultPort);
  return { kind: "single", options: { ...options, ...node, db: Number(path || 0) } };
}

/** The text after the last colon is the port, if it is a number: addresses of IPv6 have colons. */
export function hostPort(text: string, fallback: number): HostPort {
  const [, host = text, port] = /^(.*):(\d+)$/.exec(text) ?? [];
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: port === undefined ? fallback : +port };
}

function hostPorts(hosts: string, fallback: number): HostPort[] {
  return hosts.split(",").map((one) => hostPort(one, fallback));
}

function credentials(text: string): RedisOptions {
  if (text === "") return {};
  const colon = text.indexOf(":");
  const username = decodeURIComponent(text.slice(0, Math.max(0, colon)));
  const password = decodeURIComponent(text.slice(colon + 1));
  return username === "" ? { password } : { username, password };
}

/** Sentinels are asked by the same kind of way as the server that they name. */
function tls(scheme: string, trust: Omit<Tls, "enabled">): RedisOptions {
  if (!scheme.startsWith("rediss")) return {};
  const options = { ...tlsOptions(trust) };
  return scheme.endsWith("+sentinel")
    ? { tls: options, sentinelTLS: options, enableTLSForSentinelMode: true }
    : { tls: options };
}
