/** One connection to one server. It never queues and never repeats: a command that was not sent
 * has had no effect, one that was sent and not answered may have had one, and the caller is told
 * which. A server that does not answer is given up on and connected to anew; until it answers
 * again, commands are refused at once. */
import { Redis, type RedisOptions } from "ioredis";
import { faultOf, NotExecuted } from "./refusal.ts";

export type Value = string | number | Buffer;
export type Reply = Buffer | number | null | readonly Reply[];

export interface RedisNode {
  /** Rejects with `NotExecuted` if it surely had no effect. */
  send(words: readonly Value[]): Promise<Reply>;
  /** Why it cannot be used just now, or null. */
  failure(): string | null;
  close(): void;
}

export const commandTimeoutMs = 700;
const noAnswer = `no answer within ${commandTimeoutMs} ms`;
const connectTimeoutMs = 1_000;
const retryMinMs = 50;
const retryMaxMs = 500;

export function openNode(options: RedisOptions): RedisNode {
  const client = new Redis({
    ...options,
    protocol: 2,
    replyMapping: "legacy",
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    // Whatever waits for an answer is rejected as soon as its connection is gone.
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    maxLoadingRetryTime: retryMaxMs,
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    retryStrategy: (attempt) => Math.min(attempt * retryMinMs, retryMaxMs),
    sentinelRetryStrategy: (attempt) => Math.min(attempt * retryMinMs, retryMaxMs),
  });
  /** Null while it answers. */
  let trouble: string | null = "not connected yet";

  client.on("error", (error: Error) => {
    if (trouble !== null) trouble = timedOut(error) ? noAnswer : error.message;
    // The check after connecting had no answer.
    if (timedOut(error)) client.stream.destroy();
  });
  client.on("close", () => {
    trouble ??= "the connection was closed";
  });
  client.on("ready", () => {
    trouble = null;
  });

  const failure = () => (trouble === null ? null : `Redis ${nameOf(options)}: ${trouble}`);

  async function send(words: readonly Value[]): Promise<Reply> {
    const why = failure();
    if (why !== null) throw new NotExecuted("NOT_SENT", why);
    const [name = "", ...args] = words;
    try {
      // What a server replies to a command, as this client's types cannot know.
      return (await client.callBuffer(String(name), ...args)) as Reply;
    } catch (reason) {
      throw judged(reason);
    }
  }

  /** A hung server is dropped at once rather than waited for: an orderly end needs its answer. So
   * is a master that has become a replica. */
  function judged(reason: unknown): Error {
    const fault = faultOf(reason);
    const demoted = fault instanceof NotExecuted && fault.code === "READONLY";
    if (demoted || timedOut(reason)) {
      trouble ??= demoted ? "it is a replica now" : noAnswer;
      client.stream.destroy();
    }
    return fault;
  }

  return { send, failure, close: () => client.disconnect() };
}

function timedOut(reason: unknown): boolean {
  return reason instanceof Error && reason.message === "Command timed out";
}

function nameOf({ host, port, name }: RedisOptions): string {
  return name === undefined ? `${host}:${port}` : `master ${name}`;
}
