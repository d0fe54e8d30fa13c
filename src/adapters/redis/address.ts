/** What `redis.url` says: one server, a cluster, or sentinels that know the master. */
export type RedisAddress =
  | { readonly kind: "single"; readonly options: Login & Target }
  | { readonly kind: "cluster"; readonly nodes: Node[]; readonly options: Login };

interface Node {
  host: string;
  port: number;
}

/** In the words of ioredis. */
interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: Record<string, never>;
}

type Target = (Node & { readonly db: number }) | { sentinels: Node[]; readonly name: string };

const defaultPort = 6379;
const sentinelPort = 26_379;

/** The text has passed the configuration's pattern. */
export function parseRedisUrl(text: string): RedisAddress {
  const [scheme = "", rest = ""] = text.split("://");
  const at = rest.lastIndexOf("@");
  const [hosts = "", path = ""] = rest.slice(at + 1).split("/");
  const options = { ...credentials(rest.slice(0, Math.max(0, at))), ...tls(scheme) };
  if (scheme.endsWith("+cluster")) {
    return { kind: "cluster", nodes: nodesOf(hosts, defaultPort), options };
  }
  if (scheme.endsWith("+sentinel")) {
    const sentinels = nodesOf(hosts, sentinelPort);
    return { kind: "single", options: { ...options, sentinels, name: path } };
  }
  const [node = { host: hosts, port: defaultPort }] = nodesOf(hosts, defaultPort);
  return { kind: "single", options: { ...options, ...node, db: Number(path || 0) } };
}

function credentials(text: string): Login {
  if (text === "") return {};
  const [user = "", password = ""] = text.split(":").map(decodeURIComponent);
  return user === "" ? { password } : { username: user, password };
}

function tls(scheme: string): Login {
  return scheme.startsWith("rediss") ? { tls: {} } : {};
}

function nodesOf(hosts: string, fallback: number): Node[] {
  return hosts.split(",").map((one) => {
    const colon = one.lastIndexOf(":");
    if (colon < 0) return { host: one, port: fallback };
    return { host: one.slice(0, colon), port: Number(one.slice(colon + 1)) };
  });
}
