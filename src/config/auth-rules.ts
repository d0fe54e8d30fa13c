/** The rules of who is believed. What everybody could sign is taken on this machine only, and half
 * of what a way needs is a mistake. */
import { type Layer, sourceOf, sourceText } from "./layers.ts";
import { isLoopback } from "./loopback.ts";
import { problem, type Rule } from "./rule.ts";
import { developmentSecret, type Settings } from "./schema.ts";

export interface SigningKey {
  readonly kid: string;
  readonly secret: string;
}

/** Whether nobody but this machine reaches us. */
export function isLocal({ host, admin }: Pick<Settings, "host" | "admin">): boolean {
  return publicHost({ host, admin }) === null;
}

/** Those of the configuration; the development secret where nobody's keys are configured. */
export function signingKeys(auth: Settings["auth"]): readonly SigningKey[] {
  if (auth.keys.length > 0) return auth.keys;
  if (auth.secret !== null) return [{ kid: "default", secret: auth.secret }];
  return hasJwks(auth) ? [] : [{ kid: "default", secret: developmentSecret }];
}

/** Whether tokens can be signed by anyone who has read the source. */
export function usesDevelopmentSecret(auth: { readonly keys: readonly SigningKey[] }): boolean {
  return auth.keys.some((key) => key.secret === developmentSecret);
}

function hasJwks({ jwks }: Settings["auth"]): boolean {
  return jwks.url !== null || jwks.file !== null;
}

function publicHost({ host, admin }: Pick<Settings, "host" | "admin">): string | null {
  const hosts = admin.port === null ? [host] : [host, admin.host];
  return hosts.find((one) => !isLoopback(one)) ?? null;
}

export const authRules: readonly Rule[] = [
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
    reads: ["auth.secret", "auth.keys", "auth.jwks", "host", "admin"],
    check({ auth, ...addresses }, layers) {
      const host = publicHost(addresses);
      if (host === null || !usesDevelopmentSecret({ keys: signingKeys(auth) })) return null;
      const field = auth.keys.length > 0 ? "auth.keys" : "auth.secret";
      return problem(field, null, layers, developmentSecretRefused(host));
    },
  },
  {
    reads: ["auth.devTokens", "host", "admin"],
    check({ auth, ...addresses }, layers) {
      const host = publicHost(addresses);
      if (auth.devTokens !== true || host === null) return null;
      const message = `would hand an admin's token to anyone who reaches ${host}; ${devTokensHelp}`;
      return problem("auth.devTokens", "true", layers, message);
    },
  },
  {
    reads: ["auth.devTokens", "auth.jwks", "auth.keys", "auth.secret"],
    check({ auth }, layers) {
      if (auth.devTokens !== true || signingKeys(auth).length > 0) return null;
      const message = "needs a key to sign with: auth.secret or auth.keys";
      return problem("auth.devTokens", "true", layers, message);
    },
  },
  {
    reads: ["auth.jwks"],
    check({ auth: { jwks } }, layers) {
      if (jwks.url !== null && jwks.file !== null) {
        return problem("auth.jwks.file", null, layers, bothSet(layers));
      }
      if (jwks.ca === null || jwks.url?.startsWith("https:")) return null;
      return problem(
        "auth.jwks.ca",
        null,
        layers,
        "is of no use without an auth.jwks.url of https",
      );
    },
  },
  {
    reads: ["auth.jwks"],
    check({ auth: { jwks } }, layers) {
      if (jwks.url === null || mayBeAsked(jwks.url)) return null;
      const message =
        "must begin with https://: whoever could change the keys could sign as anybody";
      return problem("auth.jwks.url", JSON.stringify(jwks.url), layers, message);
    },
  },
];

function mayBeAsked(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  return url.protocol === "https:" || isLoopback(url.hostname.replace(/^\[(.*)\]$/, "$1"));
}

function bothSet(layers: readonly Layer[]): string {
  const other = sourceText(sourceOf(layers, ["auth", "jwks", "url"]));
  return `and auth.jwks.url (${other}) are both set; keep one of them`;
}

const devTokensHelp = "leave it out, or listen on 127.0.0.1";

function developmentSecretRefused(host: string): string {
  return [
    `is the development secret, which everybody knows, and host ${host} is not loopback.`,
    "Make a secret and name its file, then start again:",
    "  openssl rand -base64 32 > doorbuster.secret && chmod 600 doorbuster.secret",
    "  export DOORBUSTER_AUTH_SECRET_FILE=doorbuster.secret",
  ].join("\n    ");
}
