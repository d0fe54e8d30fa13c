/** From settings to the configuration the program runs on: what one field's schema cannot say,
 *  because it depends on another field. */
import { err, ok, type Result } from "../lib/result.ts";
import { type Layer, sourceOf, sourceText } from "./layers.ts";
import { isLoopback } from "./loopback.ts";
import type { ConfigProblem } from "./problems.ts";
import { problem, type Rule } from "./rule.ts";
import { developmentSecret, type RoleName, type Settings } from "./schema.ts";
import { serviceRules } from "./service-rules.ts";

export interface SigningKey {
  readonly kid: string;
  readonly secret: string;
}

export interface AuthConfig {
  readonly issuer: string;
  readonly audience: string;
  /** The first one signs, all of them verify. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
  readonly devTokens: boolean;
  readonly tokenTtlSeconds: number;
}

export interface Config {
  readonly roles: readonly RoleName[];
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly dataDir: string;
  readonly stores: Settings["stores"];
  /** With clustered stores. */
  readonly redis: Settings["redis"];
  readonly kafka: Settings["kafka"];
  readonly mysql: Settings["mysql"];
  readonly etcd: Settings["etcd"];
  readonly sharePort: boolean;
  /** Processes of the role api on the one port. */
  readonly workers: number;
  readonly auth: AuthConfig;
  readonly admission: Settings["admission"];
  readonly log: Settings["log"];
  /** Null: on the main port. */
  readonly metrics: { readonly port: number | null };
}

/** Checks the rules that read none of the `broken` settings. */
export function resolveConfig(
  settings: Settings,
  layers: readonly Layer[],
  broken: readonly string[],
): Result<Config, readonly ConfigProblem[]> {
  const problems = rules
    .filter((rule) => !rule.reads.some((path) => broken.some((at) => overlaps(path, at))))
    .flatMap((rule) => rule.check(settings, layers) ?? []);
  return problems.length > 0 ? err(problems) : ok(configOf(settings));
}

/** Whether tokens can be signed by anyone who has read the source. */
export function usesDevelopmentSecret(auth: Pick<AuthConfig, "keys">): boolean {
  return auth.keys.some((key) => key.secret === developmentSecret);
}

function configOf(settings: Settings): Config {
  const { auth } = settings;
  const devTokens = auth.devTokens ?? (isLoopback(settings.host) && usesEmbeddedStores(settings));
  return {
    ...settings,
    roles: [...new Set(settings.roles)],
    auth: {
      issuer: auth.issuer,
      audience: auth.audience,
      keys: signingKeys(auth),
      devTokens,
      tokenTtlSeconds: auth.tokenTtlSeconds,
    },
  };
}

function usesEmbeddedStores(settings: Settings): boolean {
  return settings.stores.kind === "embedded";
}

function signingKeys(auth: Settings["auth"]): AuthConfig["keys"] {
  const [first, ...rest] = auth.keys;
  if (first !== undefined) return [first, ...rest];
  return [{ kid: "default", secret: auth.secret ?? developmentSecret }];
}

function overlaps(path: string, other: string): boolean {
  return `${path}.`.startsWith(`${other}.`) || `${other}.`.startsWith(`${path}.`);
}

const rules: readonly Rule[] = [
  {
    reads: ["stores.kind", "workers"],
    check({ stores, workers }, layers) {
      if (stores.kind !== "embedded" || workers === 1) return null;
      const message = "needs clustered stores; the embedded ones live in one process";
      return problem("workers", String(workers), layers, message);
    },
  },
  {
    reads: ["port", "workers"],
    check({ port, workers }, layers) {
      if (port !== 0 || workers === 1) return null;
      return problem("workers", String(workers), layers, "needs a port that all of them know");
    },
  },
  {
    reads: ["auth.secret", "auth.keys"],
    check({ auth }, layers) {
      if (auth.secret === null || auth.keys.length === 0) return null;
      const other = sourceText(sourceOf(layers, ["auth", "keys"]));
      const message = `and auth.keys (${other}) are both set; keep one of them`;
      return problem("auth.secret", null, layers, message);
    },
  },
  {
    reads: ["auth.keys"],
    check({ auth }, layers) {
      const kids = auth.keys.map((key) => key.kid);
      const repeated = kids.find((kid, at) => kids.indexOf(kid) !== at);
      if (repeated === undefined) return null;
      return problem("auth.keys", null, layers, `names the kid ${JSON.stringify(repeated)} twice`);
    },
  },
  {
    reads: ["auth.secret", "auth.keys", "host"],
    check({ auth, host }, layers) {
      if (isLoopback(host) || !usesDevelopmentSecret({ keys: signingKeys(auth) })) return null;
      const field = auth.keys.length > 0 ? "auth.keys" : "auth.secret";
      return problem(field, null, layers, developmentSecretRefused(host));
    },
  },
  {
    reads: ["auth.devTokens", "host"],
    check({ auth, host }, layers) {
      if (auth.devTokens !== true || isLoopback(host)) return null;
      const message = `would hand an admin's token to anyone who reaches ${host}; ${devTokensHelp}`;
      return problem("auth.devTokens", "true", layers, message);
    },
  },
  {
    reads: ["port", "metrics.port"],
    check({ port, metrics }, layers) {
      if (metrics.port === null || metrics.port !== port) return null;
      const message = "is the main port, too; choose another, or null to serve /metrics there";
      return problem("metrics.port", String(metrics.port), layers, message);
    },
  },
  ...serviceRules,
];

const devTokensHelp = "leave it out, or listen on 127.0.0.1";

function developmentSecretRefused(host: string): string {
  return [
    `is the development secret, which everybody knows, and host ${host} is not loopback.`,
    "Make a secret and name its file, then start again:",
    "  openssl rand -base64 32 > doorbuster.secret && chmod 600 doorbuster.secret",
    "  export DOORBUSTER_AUTH_SECRET_FILE=doorbuster.secret",
  ].join("\n    ");
}
