/** From settings to the configuration the program runs on: what one field's schema cannot say,
 *  because it depends on another field. */
import { err, ok, type Result } from "../lib/result.ts";
import { authRules, isLocal, type SigningKey, signingKeys } from "./auth-rules.ts";
import type { Layer } from "./layers.ts";
import type { ConfigProblem } from "./problems.ts";
import { problem, type Rule } from "./rule.ts";
import type { RoleName, Settings } from "./schema.ts";
import { serviceRules } from "./service-rules.ts";

export interface AuthConfig {
  /** Null: whoever issued a token, and for whom, is not looked at. */
  readonly issuer: string | null;
  readonly audience: string | null;
  /** The first one signs, all of them verify; none, where all tokens are somebody else's. */
  readonly keys: readonly SigningKey[];
  /** Where somebody else's keys are published; of `url` and `file` at most one. */
  readonly jwks: Settings["auth"]["jwks"];
  readonly claims: Settings["auth"]["claims"];
  readonly leewaySeconds: number;
  readonly devTokens: boolean;
  readonly tokenTtlSeconds: number;
}

/** Whose pages may call from a browser. */
export type CorsConfig = Settings["cors"];

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
  readonly cors: CorsConfig;
  /** Port null: administrators use the main port. */
  readonly admin: { readonly port: number | null; readonly host: string };
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

function configOf(settings: Settings): Config {
  const { auth } = settings;
  const { secret: _, ...kept } = auth;
  const keys = signingKeys(auth);
  const local = isLocal(settings) && settings.stores.kind === "embedded";
  const devTokens = auth.devTokens ?? (local && keys.length > 0);
  const roles = [...new Set(settings.roles)];
  return { ...settings, roles, auth: { ...kept, keys, devTokens } };
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
  ...authRules,
  {
    reads: ["port", "metrics.port"],
    check({ port, metrics }, layers) {
      if (metrics.port === null || metrics.port !== port) return null;
      const message = "is the main port, too; choose another, or null to serve /metrics there";
      return problem("metrics.port", String(metrics.port), layers, message);
    },
  },
  {
    reads: ["port", "metrics.port", "admin.port"],
    check({ port, metrics, admin }, layers) {
      if (admin.port === null) return null;
      const other = admin.port === port ? "the main port" : "metrics.port";
      if (admin.port !== port && admin.port !== metrics.port) return null;
      return problem("admin.port", String(admin.port), layers, `is ${other}, too; choose another`);
    },
  },
  ...serviceRules,
];
