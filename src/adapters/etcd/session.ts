/** One lease: granted, kept alive well inside its time, and given up in time. By this process's
 *  own monotonic clock it ends its time after the last keep-alive that was answered was *sent*,
 *  which is no later than etcd can think. The clock is asked, not only a timer: a process that was
 *  paused wakes up with its timers late. */
import type { Clock } from "../../ports/clock.ts";
import type { EtcdClient } from "./client.ts";

export interface Session {
  /** The lease as etcd's own tools print it, in hexadecimal. */
  readonly id: string;
  /** The same as the gateway wants it. */
  readonly number: string;
  /** Aborted once the lease can have ended. */
  readonly lost: AbortSignal;
  /** False from the moment the lease can have ended. */
  valid(): boolean;
  /** Ends the lease, and with it every key under it. */
  revoke(): Promise<void>;
}

interface Granted {
  readonly ID: string;
  readonly TTL?: string;
}

export interface SessionOptions {
  readonly client: EtcdClient;
  readonly ttlSeconds: number;
  readonly clock: Pick<Clock, "elapsed" | "after">;
  /** Called after each keep-alive; true if it was answered. */
  readonly kept?: (answered: boolean) => void;
}

/** Of the lease's time, what is kept for the difference of two clocks' speeds. */
const driftShare = 0.02;
const retryMs = 100;

export async function grantSession(options: SessionOptions): Promise<Session> {
  const sentAt = options.clock.elapsed();
  const body = { TTL: String(options.ttlSeconds), ID: "0" };
  const { ID, TTL } = await options.client.call<Granted>("/v3/lease/grant", body);
  return keep(options, ID, sentAt + lifeOf(TTL));
}

/** The lease of a process that ended, or null if it does not live any more. */
export async function resumeSession(
  options: SessionOptions,
  number: string,
): Promise<Session | null> {
  const sentAt = options.clock.elapsed();
  const left = await keepAlive(options.client, number, callMsOf(options.ttlSeconds));
  return left === null ? null : keep(options, number, sentAt + left);
}

/** Milliseconds that the lease lives from the sending on, or null if it has ended. */
async function keepAlive(client: EtcdClient, ID: string, timeoutMs: number) {
  const path = "/v3/lease/keepalive";
  const { result } = await client.call<{ result?: Granted }>(path, { ID }, timeoutMs);
  return result?.TTL === undefined || Number(result.TTL) <= 0 ? null : lifeOf(result.TTL);
}

function lifeOf(ttl: string | undefined): number {
  return Number(ttl ?? 0) * 1_000 * (1 - driftShare);
}

/** A keep-alive that is not answered must leave time for another one. */
function callMsOf(ttlSeconds: number): number {
  return Math.min(1_000, (ttlSeconds * 1_000) / 5);
}

function keep(options: SessionOptions, number: string, end: number): Session {
  const { client, ttlSeconds, clock, kept } = options;
  const over = new AbortController();
  let until = end;
  let cancelRenewal: () => void;
  let cancelEnd = clock.after(Math.max(0, until - clock.elapsed()), valid);

  function valid(): boolean {
    if (clock.elapsed() < until && !over.signal.aborted) return true;
    stop();
    over.abort();
    return false;
  }

  function stop(): void {
    cancelRenewal();
    cancelEnd();
  }

  function renewAfter(ms: number): void {
    cancelRenewal = clock.after(ms, () => void renew());
  }

  async function renew(): Promise<void> {
    if (!valid()) return;
    const sentAt = clock.elapsed();
    try {
      const left = await keepAlive(client, number, callMsOf(ttlSeconds));
      kept?.(true);
      if (!valid()) return;
      until = left === null ? sentAt : sentAt + left;
      cancelEnd();
      cancelEnd = clock.after(Math.max(0, until - clock.elapsed()), valid);
      renewAfter((ttlSeconds * 1_000) / 3);
    } catch {
      kept?.(false);
      if (valid()) renewAfter(retryMs);
    }
  }

  async function revoke(): Promise<void> {
    stop();
    over.abort();
    // It ends by itself if this does not arrive.
    await client.call("/v3/lease/revoke", { ID: number }).catch(() => undefined);
  }

  renewAfter((ttlSeconds * 1_000) / 3);
  return { id: BigInt(number).toString(16), number, lost: over.signal, valid, revoke };
}
