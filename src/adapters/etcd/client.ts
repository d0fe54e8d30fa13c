/** etcd's HTTP/JSON gateway (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/), which every
 *  etcd since 3.4 has: keys and values are base64, 64-bit numbers are text. Each call is answered
 *  in time or fails, and one that fails goes to the next host when it is made again. */
import { type Tls, type TlsOptions, tlsOptions } from "../../lib/tls.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";

export interface EtcdOptions {
  /** `http://host:port` or `https://host:port`, at least one. */
  readonly hosts: readonly string[];
  readonly username?: string | null;
  readonly password?: string | null;
  /** For `https`. */
  readonly tls?: Omit<Tls, "enabled">;
}

export interface EtcdClient {
  /** Throws `ServiceUnavailable` if no answer came in time: the call may have had its effect. */
  call<Answer>(path: string, body: object, timeoutMs?: number): Promise<Answer>;
  /** Where to open a stream, and how. */
  stream(path: string): Promise<EtcdStream>;
  /** Asks another host from now on. */
  turnAway(): void;
  /** Why etcd cannot be used, as of the last call, or null. */
  failure(): string | null;
}

type Headers = Record<string, string>;

export interface EtcdStream {
  readonly url: string;
  readonly options: { readonly headers: Headers; readonly tls?: TlsOptions };
}

/** etcd understood the call and refused it. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  /** gRPC's status code. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Problem {
  readonly code?: number;
  readonly message?: string;
  readonly error?: string | { readonly message?: string };
}

const callMs = 2_000;
const unauthenticated = 16;
/** Codes that say nothing of the call itself: deadline, exhausted, aborted, unavailable. */
const passing = new Set([4, 8, 10, 14]);

export function etcdClient(options: EtcdOptions): EtcdClient {
  const { tls } = options;
  const encrypted = tls === undefined ? {} : { tls: tlsOptions(tls) };
  let at = 0;
  let token: string | null = null;
  let failing: string | null = "etcd: not asked yet";
  const host = () => options.hosts[at % options.hosts.length] ?? "";
  const turnAway = () => {
    at += 1;
  };

  async function call<Answer>(path: string, body: object, timeoutMs = callMs): Promise<Answer> {
    try {
      const answer = await authorized<Answer>(path, body, timeoutMs);
      failing = null;
      return answer;
    } catch (reason) {
      if (reason instanceof EtcdError && !passing.has(reason.code)) throw reason;
      const why = reason instanceof Error ? reason.message : String(reason);
      failing = `etcd at ${host()}: ${why}`;
      turnAway();
      throw new ServiceUnavailable(failing, { cause: reason });
    }
  }

  /** A token ends after some minutes, or with the member that gave it. */
  async function authorized<Answer>(path: string, body: object, timeoutMs: number) {
    try {
      return await post<Answer>(path, body, await headers(), timeoutMs);
    } catch (reason) {
      if (token === null || !(reason instanceof EtcdError)) throw reason;
      if (reason.code !== unauthenticated) throw reason;
      token = null;
      return await post<Answer>(path, body, await headers(), timeoutMs);
    }
  }

  async function headers(): Promise<Headers> {
    const { username: name, password } = options;
    if (!name) return {};
    if (token === null) {
      const login = { name, password: password ?? "" };
      token = (await post<{ token: string }>("/v3/auth/authenticate", login, {}, callMs)).token;
    }
    return { authorization: token };
  }

  const post = <Answer>(path: string, body: object, sent: Headers, timeoutMs: number) =>
    answered<Answer>(host() + path, body, { headers: sent, ...encrypted }, timeoutMs);

  return {
    call,
    turnAway,
    failure: () => failing,
    stream: async (path) => {
      return { url: host() + path, options: { headers: await headers(), ...encrypted } };
    },
  };
}

async function answered<Answer>(
  url: string,
  body: object,
  options: EtcdStream["options"],
  timeoutMs: number,
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const init = { method: "POST", body: JSON.stringify(body), signal, ...options };
  const response = await fetch(url, init);
  const answer = (await response.json()) as Problem;
  if (!response.ok || answer.code !== undefined) throw problemOf(answer, response.status);
  return answer as Answer;
}

function problemOf(problem: Problem, status: number): EtcdError {
  const { code = 0, message, error } = problem;
  const said = message ?? (typeof error === "string" ? error : error?.message);
  return new EtcdError(code, said ?? `answered ${status}`);
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

export function textOf(encoded: string): string {
  return Buffer.from(encoded, "base64").toString();
}

/** The end of the range of keys that begin so. */
export function rangeEnd(prefix: string): string {
  const bytes = Buffer.from(prefix);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes.toString("base64");
}
