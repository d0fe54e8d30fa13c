/** The one lease of this process: made on first need, resumed after a restart, made anew after it
 *  was lost. */
import { lockToken } from "../../domain/ids.ts";
import { present } from "../../lib/assert.ts";
import { singleFlight } from "../../lib/single-flight.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Held } from "../../ports/lease.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { base64, type EtcdClient, textOf } from "./client.ts";
import { type KeyRemover, keyRemover } from "./key-remover.ts";
import type { LockStep } from "./lock-step.ts";
import type { HeldRecord, LockWal } from "./lock-wal.ts";
import { grantSession, resumeSession, type Session } from "./session.ts";

export interface LeaseHolderOptions {
  readonly client: EtcdClient;
  readonly ttlSeconds: number;
  readonly wal: LockWal;
  readonly clock: Pick<Clock, "elapsed" | "after">;
  readonly step: (step: LockStep) => void;
}

/** A lock that this process has. */
export interface HeldKey {
  readonly session: Session;
  readonly key: string;
  readonly token: Held["token"];
}

export interface LeaseHolder extends Pick<KeyRemover, "discard"> {
  /** A lease that lives. Throws `ServiceUnavailable` while there is none to be had. */
  session(): Promise<Session>;
  /** The lock of this name, if it was held before a restart and still is. */
  claim(name: string): Promise<HeldKey | null>;
  /** Discards a key of which nobody knows whether it is there, or will be. */
  disown(session: Session, key: string): Promise<void>;
  /** Ends the lease, and with it all that is held. */
  close(): Promise<void>;
}

/** What was held before a restart and is not asked for within this time is given up. */
const claimWithinMs = 5_000;
const lateKeysEveryMs = 1_000;

export function leaseHolder(options: LeaseHolderOptions): LeaseHolder {
  const { wal, step } = options;
  const remover = keyRemover(options);
  let current: Session | null = null;
  let resumable: Map<string, HeldKey> | null = wal.held().length === 0 ? new Map() : null;
  let closed = false;
  let cancelGivingUp = () => {};

  /** Those who need a lease at the same time share the making of it. */
  const obtain = singleFlight(async (_: "lease") => {
    if (closed) throw new ServiceUnavailable("etcd: this process gives up its locks");
    if (resumable === null) await resume();
    if (current?.valid()) return current;
    // Lost by our clock, it may live on in etcd for a while, and its keys would be before ours.
    void current?.revoke();
    current = await grantSession(options);
    step("granted");
    return current;
  });
  const session = async () => (current?.valid() ? current : obtain("lease"));

  async function resume(): Promise<void> {
    const found = await stillHeld(options, remover);
    resumable = new Map(found.map(({ name, held }) => [name, held]));
    current = found[0]?.held.session ?? null;
    cancelGivingUp = options.clock.after(claimWithinMs, giveUpUnclaimed);
  }

  function giveUpUnclaimed(): void {
    for (const { session: under, key } of resumable?.values() ?? []) {
      void remover.discard(under, key);
    }
    resumable?.clear();
  }

  async function claim(name: string): Promise<HeldKey | null> {
    if (resumable === null) await session();
    const known = resumable?.get(name);
    resumable?.delete(name);
    return known?.session.valid() ? known : null;
  }

  async function close(): Promise<void> {
    closed = true;
    cancelGivingUp();
    resumable?.clear();
    await current?.revoke();
    for (const { key } of wal.held()) wal.free(key);
    wal.close();
  }

  const { discard } = remover;
  return { discard, disown: lateKeys(options, remover), session, claim, close };
}

/** A key that etcd was asked to make may be made long after nobody waited for it any more. It would
 * live with the lease, so as long as that does, such keys are looked for. */
function lateKeys({ client, clock }: LeaseHolderOptions, { discard }: KeyRemover) {
  const looking = new Map<Session, Set<string>>();

  function lookSoon(session: Session, keys: ReadonlySet<string>): void {
    clock.after(lateKeysEveryMs, () => {
      if (session.valid()) void look(session, keys).finally(() => lookSoon(session, keys));
      else looking.delete(session);
    });
  }

  async function look(session: Session, keys: ReadonlySet<string>): Promise<void> {
    const there = await keysUnder(client, session).catch(() => []);
    const late = there.filter((key) => keys.has(key));
    await Promise.all(late.map((key) => discard(session, key)));
  }

  return async (session: Session, key: string) => {
    const known = looking.get(session);
    const keys = known ?? new Set();
    keys.add(key);
    looking.set(session, keys);
    if (known === undefined) lookSoon(session, keys);
    await discard(session, key);
  };
}

async function keysUnder(client: EtcdClient, { number: ID }: Session): Promise<string[]> {
  const body = { ID, keys: true };
  const { keys = [] } = await client.call<{ keys?: string[] }>("/v3/lease/timetolive", body);
  return keys.map(textOf);
}

/** The locks of the process before this one that live, all under one lease; the log forgets the
 * others. */
async function stillHeld(options: LeaseHolderOptions, remover: KeyRemover) {
  const { client, wal } = options;
  const records = wal.held();
  const last = records.at(-1)?.leaseId ?? "0";
  const session = await resumeSession(options, last);
  const found: { readonly name: string; readonly held: HeldKey }[] = [];
  for (const record of records) {
    const { lock: name, key } = record;
    const lives = session !== null && record.leaseId === last && (await isOurs(client, record));
    if (!lives) wal.free(key);
    else found.push({ name, held: { session, key, token: lockToken(record.token) } });
  }
  if (found.length === 0) await session?.revoke();
  else await removeOthers(client, present(session, "a key lives under a lease"), found, remover);
  return found;
}

/** The process before this one may have queued for locks that are not in its log. Their keys would
 * live with the lease, and nobody would know of them. */
async function removeOthers(
  client: EtcdClient,
  session: Session,
  known: readonly { readonly held: HeldKey }[],
  { discard }: KeyRemover,
): Promise<void> {
  const ours = new Set(known.map(({ held }) => held.key));
  const others = (await keysUnder(client, session)).filter((key) => !ours.has(key));
  await Promise.all(others.map((key) => discard(session, key)));
}

async function isOurs(client: EtcdClient, { key, leaseId }: HeldRecord): Promise<boolean> {
  const range = { key: base64(key), keys_only: true };
  const { kvs = [] } = await client.call<{ kvs?: { lease?: string }[] }>("/v3/kv/range", range);
  return kvs[0]?.lease === leaseId;
}
