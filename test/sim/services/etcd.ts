/** An etcd in memory, as far as the lock recipe uses its gateway: leases, transactions on one key,
 *  and deletions to watch for. */
import { base64, type EtcdClient, EtcdError } from "../../../src/adapters/etcd/client.ts";
import type { Deletions } from "../../../src/adapters/etcd/deletions.ts";
import { ServiceUnavailable } from "../../../src/ports/service-unavailable.ts";
import type { Life } from "../engine/host.ts";
import { type Network, RequestFailed } from "../engine/network.ts";
import type { Scheduler } from "../engine/scheduler.ts";

export interface SimEtcd {
  clientOf(life: Life): EtcdClient;
  watchOf(life: Life): Deletions;
  /** Its leases begin anew, as after an election. */
  renewLeases(): void;
}

interface Key {
  readonly value: string;
  readonly created: number;
  readonly written: number;
  readonly lease: string;
}

interface Watch {
  readonly key: string;
  readonly from: bigint;
  readonly wake: () => void;
}

interface Body {
  readonly ID?: string;
  readonly TTL?: string;
  readonly key?: string;
  readonly range_end?: string;
  readonly compare?: readonly Compare[];
  readonly success?: readonly Operation[];
  readonly failure?: readonly Operation[];
}

interface Compare {
  readonly target: "CREATE" | "LEASE" | "MOD";
  readonly key: string;
  readonly create_revision?: string;
  readonly lease?: string;
  readonly mod_revision?: string;
}

interface RangeRequest {
  readonly key: string;
  readonly range_end?: string;
  readonly limit?: string;
  readonly sort_order?: "ASCEND" | "DESCEND";
  readonly max_create_revision?: string;
}

/** With `ignore_value` what is there stays as it is, but for its revision. */
interface PutRequest {
  readonly key: string;
  readonly value: string;
  readonly lease: string;
  readonly ignore_value?: boolean;
}

interface Operation {
  readonly request_put?: PutRequest;
  readonly request_range?: RangeRequest;
  readonly request_delete_range?: { readonly key: string };
}

const usualCallMs = 2_000;
const notFound = 5;

export function simEtcd(time: Scheduler, net: Network): SimEtcd {
  const store = keyStore(time);

  function clientOf(life: Life): EtcdClient {
    let failing: string | null = null;
    const call = async <Answer>(path: string, body: object, timeoutMs = usualCallMs) => {
      try {
        const answer = await net.request(
          life,
          "etcd",
          timeoutMs,
          () => store.answer(path, body),
          (outcome) => shown(path, body, outcome),
        );
        failing = null;
        return answer as Answer;
      } catch (reason) {
        if (!(reason instanceof RequestFailed)) throw reason;
        failing = reason.message;
        throw new ServiceUnavailable(reason.message);
      }
    };
    const stream = () => Promise.reject(new Error("watches have a way of their own here"));
    return { call, stream, turnAway: () => undefined, failure: () => failing };
  }

  /** What is told may be lost; whoever waits looks for himself after a while. */
  function watchOf(life: Life): Deletions {
    let events = 0;
    const deleted: Deletions["deleted"] = (key, from, signal) =>
      new Promise((resolve) => {
        const done = () => {
          signal.removeEventListener("abort", done);
          resolve();
        };
        signal.addEventListener("abort", done);
        const wake = () =>
          net.tell("etcd", life, () => {
            events += 1;
            done();
          });
        const watch = () => store.watch({ key, from, wake });
        net.request(life, "etcd", usualCallMs, watch).catch(() => undefined);
      });
    return { deleted, events: () => events, close: () => undefined };
  }

  return { clientOf, watchOf, renewLeases: store.renewLeases };
}

function keyStore(time: Scheduler) {
  const keys = new Map<string, Key>();
  const { leases, live, kept, end, renew } = leaseStore(time, (id) => {
    for (const [key, { lease }] of [...keys]) if (lease === id) remove(key);
  });
  const deletedAt = new Map<string, number>();
  let watches: Watch[] = [];
  let [revision, made] = [1, 0];

  function answer(path: string, given: object): unknown {
    const body = given as Body;
    switch (path) {
      case "/v3/lease/grant":
        made += 1;
        live(String(made), Number(body.TTL) * 1_000);
        return { ID: String(made), TTL: body.TTL };
      case "/v3/lease/keepalive":
        return { result: { ID: body.ID, TTL: String(kept(body.ID ?? "")) } };
      case "/v3/lease/timetolive": {
        const attached = [...keys].filter(([, { lease }]) => lease === body.ID);
        return { ID: body.ID, keys: attached.map(([key]) => base64(key)) };
      }
      case "/v3/lease/revoke":
        end(body.ID ?? "");
        return {};
      case "/v3/kv/range":
        return { header: { revision: String(revision) }, kvs: rangeOf(keys, body as RangeRequest) };
      case "/v3/kv/txn":
        return transaction(body);
      default:
        throw new Error(`the simulated etcd knows no ${path}`);
    }
  }

  function remove(key: string): void {
    if (!keys.delete(key)) return;
    revision += 1;
    deletedAt.set(key, revision);
    const told = watches.filter((one) => one.key === key && BigInt(revision) >= one.from);
    watches = watches.filter((one) => !told.includes(one));
    for (const { wake } of told) wake();
  }

  function transaction({ compare = [], success = [], failure = [] }: Body) {
    const succeeded = compare.every((one) => holds(one, keys.get(decoded(one.key))));
    const responses = (succeeded ? success : failure).map(apply);
    return { header: { revision: String(revision) }, succeeded, responses };
  }

  function apply(operation: Operation) {
    const { request_put: put, request_range: asked, request_delete_range: gone } = operation;
    if (put !== undefined) {
      if (!leases.has(leaseIn(keys, put)))
        throw new EtcdError(notFound, "requested lease not found");
      revision += 1;
      writeAt(keys, put, revision);
    }
    if (gone !== undefined) remove(decoded(gone.key));
    return asked === undefined ? {} : { response_range: { kvs: rangeOf(keys, asked) } };
  }

  function watch(one: Watch): void {
    if (BigInt(deletedAt.get(one.key) ?? 0) >= one.from) one.wake();
    else watches.push(one);
  }

  return { answer, watch, renewLeases: renew };
}

/** `ended` is told of each lease that ends. */
function leaseStore(time: Scheduler, ended: (id: string) => void) {
  const leases = new Map<string, { readonly ttlMs: number; cancel: () => void }>();

  function live(id: string, ttlMs: number): void {
    leases.get(id)?.cancel();
    leases.set(id, { ttlMs, cancel: time.after(ttlMs, () => end(id)) });
  }

  /** Seconds it lives on, 0 if it has ended. */
  function kept(id: string): number {
    const lease = leases.get(id);
    if (lease === undefined) return 0;
    live(id, lease.ttlMs);
    return lease.ttlMs / 1_000;
  }

  function end(id: string): void {
    leases.get(id)?.cancel();
    leases.delete(id);
    ended(id);
  }

  const renew = () => {
    for (const [id, { ttlMs }] of [...leases]) live(id, ttlMs);
  };
  return { leases, live, kept, end, renew };
}

function rangeOf(keys: ReadonlyMap<string, Key>, { key, range_end, ...how }: RangeRequest) {
  const [from, to] = [decoded(key), range_end === undefined ? null : decoded(range_end)];
  const most = Number(how.max_create_revision ?? Number.MAX_SAFE_INTEGER);
  const found = [...keys].filter(
    ([name, { created }]) =>
      (to === null ? name === from : name >= from && name < to) && created <= most,
  );
  found.sort(([, a], [, b]) => a.created - b.created);
  if (how.sort_order === "DESCEND") found.reverse();
  return found.slice(0, Number(how.limit ?? found.length)).map(([name, entry]) => ({
    key: base64(name),
    value: entry.value,
    create_revision: String(entry.created),
    lease: entry.lease,
  }));
}

/** For the trace, with keys as they are meant. */
function shown(path: string, body: object, outcome: unknown): string {
  const readable = (name: string, value: unknown) =>
    (name === "key" || name === "range_end") && typeof value === "string" ? decoded(value) : value;
  const said = outcome instanceof Error ? outcome.message : JSON.stringify(outcome, readable);
  return `${path} ${JSON.stringify(body, readable)} → ${said}`;
}

function decoded(text: string): string {
  return Buffer.from(text, "base64").toString("latin1");
}

function holds(wanted: Compare, known: Key | undefined): boolean {
  if (wanted.target === "LEASE") return known?.lease === wanted.lease;
  if (wanted.target === "MOD") return String(known?.written ?? 0) === wanted.mod_revision;
  return String(known?.created ?? 0) === wanted.create_revision;
}

function leaseIn(keys: ReadonlyMap<string, Key>, { key, lease, ignore_value }: PutRequest): string {
  return ignore_value ? (keys.get(decoded(key))?.lease ?? "") : lease;
}

function writeAt(keys: Map<string, Key>, put: PutRequest, written: number): void {
  const known = keys.get(decoded(put.key));
  const { value, lease } = put.ignore_value && known !== undefined ? known : put;
  keys.set(decoded(put.key), { value, lease, created: known?.created ?? written, written });
}
