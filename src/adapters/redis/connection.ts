/** A connection to Redis that never queues and never repeats: a command that was not sent has had
 * no effect, one that was sent and not answered may have had one, and the caller is told which. */
import { Cluster, Redis } from "ioredis";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { parseRedisUrl } from "./address.ts";

/** One argument or reply of a command. */
export type Value = string | number | Buffer;
export type Reply = Buffer | number | null | readonly Reply[];

/** The command surely had no effect. */
export class NotExecuted extends ServiceUnavailable {}

export interface RedisConnection {
  /** Runs a script on the node of its key. Rejects with `NotExecuted` if it surely did not run. */
  run(script: Script, key: string, args: readonly Value[]): Promise<Reply>;
  /** Runs a plain command whose first argument is its key. */
  command(name: string, args: readonly Value[]): Promise<Reply>;
  /** The same command without a key, once on every master. */
  onEveryMaster(name: string, args: readonly Value[]): Promise<Reply[]>;
  /** Why it cannot be used just now, or null. */
  failure(): string | null;
  close(): void;
}

export interface Script {
  readonly name: string;
  readonly lua: string;
}

/** A server that hangs is given up on after this long, and asked again on a new connection. */
const commandTimeoutMs = 700;
const connectTimeoutMs = 1_000;
const retryMaxMs = 500;

export function openRedis(url: string, scripts: readonly Script[]): RedisConnection {
  const client = connect(url);
  for (const { name, lua } of scripts) client.defineCommand(name, { numberOfKeys: 1, lua });
  let lastError = "not connected yet";
  client.on("error", (error: Error) => {
    lastError = error.message;
  });

  const failure = () => (client.status === "ready" ? null : `Redis: ${lastError}`);

  async function run({ name }: Script, key: string, args: readonly Value[]): Promise<Reply> {
    const call = commandsOf(client)[`${name}Buffer`];
    if (call === undefined) throw new Error(`no script ${name}`);
    return await guarded(() => call.call(client, key, ...args));
  }

  function command(name: string, args: readonly Value[]): Promise<Reply> {
    return guarded(() => client.callBuffer(name, ...args) as Promise<Reply>);
  }

  async function guarded(send: () => Promise<Reply>): Promise<Reply> {
    const why = failure();
    if (why !== null) throw new NotExecuted(why);
    try {
      return await send();
    } catch (reason) {
      throw told(reason);
    }
  }

  function told(reason: unknown): Error {
    const message = reason instanceof Error ? reason.message : String(reason);
    if (wasRefused(message)) return new NotExecuted(`Redis: ${message}`, { cause: reason });
    if (message === "Command timed out") startAfresh();
    return new ServiceUnavailable(`Redis: ${message}`, { cause: reason });
  }

  /** Until the new connection is answered, commands are refused at once instead of waiting. */
  function startAfresh(): void {
    lastError = `no answer within ${commandTimeoutMs} ms`;
    if (client.status === "ready") client.disconnect(true);
  }

  function onEveryMaster(name: string, args: readonly Value[]): Promise<Reply[]> {
    const masters = client instanceof Cluster ? client.nodes("master") : [client];
    return Promise.all(
      masters.map((node) => guarded(() => node.callBuffer(name, ...args) as Promise<Reply>)),
    );
  }

  return { run, command, onEveryMaster, failure, close: () => client.disconnect() };
}

function connect(url: string): Redis | Cluster {
  const address = parseRedisUrl(url);
  const common = {
    ...address.options,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
  };
  const retry = (attempt: number) => Math.min(attempt * 50, retryMaxMs);
  if (address.kind === "single") return new Redis({ ...common, retryStrategy: retry });
  return new Cluster(address.nodes, {
    redisOptions: common,
    enableOfflineQueue: false,
    clusterRetryStrategy: retry,
    slotsRefreshInterval: 2_000,
    slotsRefreshTimeout: connectTimeoutMs,
    retryDelayOnFailover: 50,
    retryDelayOnClusterDown: 50,
    maxRedirections: 4,
  });
}

/** Answers with which a server says that it did nothing. */
const refusals = [
  "LOADING",
  "READONLY",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "TRYAGAIN",
  "OOM",
  "NOREPLICAS",
  "NOPERM",
  "NOAUTH",
  "MISCONF",
  "Stream isn't writeable",
  "Cluster isn't ready",
];

function wasRefused(message: string): boolean {
  return refusals.some((start) => message.startsWith(start));
}

type Command = (...args: Value[]) => Promise<Reply>;

/** The commands that `defineCommand` has added. */
function commandsOf(client: Redis | Cluster): Readonly<Record<string, Command | undefined>> {
  return client as unknown as Record<string, Command | undefined>;
}
