/** The one lease of this process: made on first need, resumed after a restart, made anew after it
 *  was lost. */
import { lockToken } from "../../domain/ids.ts";
import { singleFlight } from "../../lib/single-flight.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Held } from "../../ports/lease.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { base64, type EtcdClient } from "./client.ts";
import { type KeyRemover, keyRemover } from "./key-remover.ts";
import { lateKeys } from "./late-keys.ts";
import type { LockStep } from "./lock-step.ts";
import type { HeldRecord, LockWal } from "./lock-wal.ts";
import { grantSession, resumeSession, type Session } from "./session.ts";

export interface LeaseHolderOptions {
  readonly client: EtcdClient;
  readonly ttlSeconds: number;
  readonly wal: LockWal;
  readonly clock: Pick<Clock, "elapsed" | "after">;
  readonly step: (step: LockStep) => void;
  /** Whether a key is one that this very process made. */
  readonly isOwn: (key: string) => boolean;
}

/** A lock that this process has. */
export interface HeldKey {
  readonly session: Session;
  readonly key: string;
  readonly token: Held["token"];
  /** At which this process wrote the key. */
  readonly revision: string;
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

export function leaseHolder(options: LeaseHolderOptions): LeaseHolder {
  const { wal, step } = options;
  const remover = keyRemover(options);
  const late = lateKeys(options, remover);
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
    const found = await stillHeld(options);
    const under = found[0]?.held.session;
    const resumed = new Set(found.map(({ held }) => held.key));
    // What else the process before this one queued for is not in its log.
    const isKnown = (key: string) => resumed.has(key) || options.isOwn(key);
    if (under !== undefined) await late.clear(under, isKnown);
    resumable = new Map(found.map(({ name, held }) => [name, held]));
    current = under ?? null;
    cancelGivingUp = options.clock.after(claimWithinMs, giveUpUnclaimed);
  }

  function giveUpUnclaimed(): void {
    for (const { session: under, key, revision } of resumable?.values() ?? []) {
      void remover.discard(under, key, revision);
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

  const disown: LeaseHolder["disown"] = (session, key) => {
    late.expect(session, key);
    return remover.discard(session, key);
  };
  return { discard: remover.discard, disown, session, claim, close };
}

/** The locks of the process before this one that live, all under one lease; the log forgets the
 * others. */
async function stillHeld(options: LeaseHolderOptions) {
  const { client, wal } = options;
  const records = wal.held();
  const last = records.at(-1)?.leaseId ?? "0";
  const session = await resumeSession(options, last);
  const found: { readonly name: string; readonly held: HeldKey }[] = [];
  for (const record of records) {
    const { lock: name, key } = record;
    const resumed = session !== null && record.leaseId === last;
    const revision = resumed ? await takeOver(client, record) : null;
    if (session === null || revision === null) wal.free(key);
    else found.push({ name, held: { session, key, revision, token: lockToken(record.token) } });
  }
  if (found.length === 0) await session?.revoke();
  return found;
}

/** Writes the key again, as it is, if it is still ours: the process before this one may have
 * asked to delete what it wrote, and that may be done late. Null if it is not. */
async function takeOver(client: EtcdClient, { key, leaseId }: HeldRecord): Promise<string | null> {
  const at = base64(key);
  const compare = [{ target: "LEASE", result: "EQUAL", key: at, lease: leaseId }];
  const success = [{ request_put: { key: at, ignore_value: true, ignore_lease: true } }];
  const { succeeded, header } = await client.call<TakenOver>("/v3/kv/txn", { compare, success });
  return succeeded ? header.revision : null;
}

interface TakenOver {
  readonly succeeded?: boolean;
  readonly header: { readonly revision: string };
}
