/** Fair locks in etcd, by the recipe of its own client (client/v3/concurrency/mutex.go): everybody
 *  who wants a lock makes a key under its prefix, bound to his lease; who has the lowest create
 *  revision holds it, and everybody else waits for the key before his own to go. The create
 *  revision is the fencing token. Beyond the recipe: a lease that is given up in time by our own
 *  clock, and a write-ahead log by which a process goes on with its locks after a restart. */
import { hostname } from "node:os";
import { err, ok, type Result } from "../../lib/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AcquireOptions, Held, Lease } from "../../ports/lease.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { systemClock } from "../shared/system-clock.ts";
import { base64, type EtcdClient, type EtcdOptions, etcdClient, textOf } from "./client.ts";
import { type Deletions, deletions } from "./deletions.ts";
import { type HeldKey, type LeaseHolder, leaseHolder } from "./lease-holder.ts";
import { type KeyValue, type LockValue, queuePrefix, rangeOf, tokenOf } from "./lock-keys.ts";
import { listLocks } from "./lock-list.ts";
import type { LockStep } from "./lock-step.ts";
import type { HeldRecord, LockWal } from "./lock-wal.ts";
import type { Session } from "./session.ts";

export interface EtcdLeaseOptions extends EtcdOptions, RecipeOptions {}

export interface RecipeOptions {
  /** What every key begins with. */
  readonly prefix: string;
  readonly ttlSeconds: number;
  /** Raised by an operator after etcd was restored from a backup, since its revisions went back. */
  readonly generation: number;
  readonly wal: LockWal;
  /** Hears of each step that is done, by name. */
  readonly onStep?: (step: LockStep) => void;
}

/** What the recipe stands on. */
export interface RecipeParts {
  readonly client: EtcdClient;
  /** Null where there are no watches: every waiter looks for himself, and more often. */
  readonly watch: Deletions | null;
  readonly clock: Pick<Clock, "elapsed" | "after">;
  readonly uuid: () => string;
}

export interface EtcdLease extends Lease {
  /** Delete events that etcd has delivered to this process. */
  events(): number;
}

/** Somebody's place in a queue. */
interface Place {
  readonly session: Session;
  readonly key: string;
  readonly createRevision: string;
  readonly uuid: string;
}

interface Context extends RecipeParts {
  readonly options: RecipeOptions;
  readonly holder: LeaseHolder;
  readonly step: (step: LockStep) => void;
}

type Refused = "timeout" | "cancelled";

/** A waiter looks for himself this often: a watch may be silent for a while after an outage … */
const lookEveryMs = 1_000;
/** … or there may be none. */
const lookWithoutWatchMs = 100;
const retryMs = 200;

/** Where etcd asks who we are there are no watches, since its gateway passes no token on to them.
 * */
export function etcdLease(options: EtcdLeaseOptions): EtcdLease {
  const client = etcdClient(options);
  const watch = options.username ? null : deletions(client);
  const uuid = () => crypto.randomUUID();
  return leaseRecipe(options, { client, watch, clock: systemClock, uuid });
}

export function leaseRecipe(options: RecipeOptions, parts: RecipeParts): EtcdLease {
  const { client, watch, clock, uuid } = parts;
  /** What a process before this one sent late, under the same lease, names other keys. */
  const life = uuid().slice(0, 8);
  const isOwn = (key: string) => key.includes(`-${life}-`);
  const step = options.onStep ?? (() => undefined);
  const holder = leaseHolder({ ...options, client, clock, step, isOwn });
  const context: Context = { ...parts, options, holder, step };
  let made = 0;

  async function acquire(name: string, asked: AcquireOptions = {}): Promise<Result<Held, Refused>> {
    if (asked.signal?.aborted) return err("cancelled");
    const { timeoutMs = Number.POSITIVE_INFINITY } = asked;
    const deadline = clock.elapsed() + timeoutMs;
    const resumed = await holder.claim(name);
    if (resumed !== null) return ok(held(context, name, resumed, true));
    for (;;) {
      made += 1;
      const place = await enqueue(context, name, `${life}-${made}`, asked.about ?? "");
      const ended = await turn(context, name, place, deadline, asked.signal);
      if (ended === "lost") continue;
      if (ended !== "first") {
        await holder.discard(place.session, place.key);
        return err(ended);
      }
      step("first");
      const { key, uuid, session, createRevision } = place;
      const token = tokenOf(options.generation, createRevision);
      await logged(context, place, { lock: name, uuid, leaseId: session.number, key, token });
      const own = { session, key, token, revision: createRevision };
      if (session.valid()) return ok(held(context, name, own, false));
      options.wal.free(key);
    }
  }

  return {
    acquire,
    list: (named) => listLocks(client, options, named),
    failure: client.failure,
    events: () => watch?.events() ?? 0,
    close: async () => {
      watch?.close();
      await holder.close();
    },
  };
}

/** A lock that is not in the log is nobody's: after a restart no one would know of it. */
async function logged(
  { options, holder, step }: Context,
  { session, key }: Place,
  record: HeldRecord,
): Promise<void> {
  try {
    await options.wal.hold(record);
    step("logged");
  } catch (reason) {
    await holder.discard(session, key);
    throw new ServiceUnavailable("the log of locks cannot be written", { cause: reason });
  }
}

/** Makes a key. Made again if nobody knows whether it was made: the same key, once. */
async function enqueue(
  { options, client, holder, uuid: newUuid, step }: Context,
  name: string,
  number: string,
  about: string,
): Promise<Place> {
  const session = await holder.session();
  const key = `${queuePrefix(options.prefix, name)}${session.id}-${number}`;
  const uuid = newUuid();
  const told: LockValue = { uuid, about, leaseId: session.id, holder: processName };
  const value = base64(JSON.stringify(told));
  const at = base64(key);
  const compare = [{ target: "CREATE", result: "EQUAL", key: at, create_revision: "0" }];
  const success = [{ request_put: { key: at, value, lease: session.number } }];
  const failure = [{ request_range: { key: at } }];
  try {
    const made = await client.call<Made>("/v3/kv/txn", { compare, success, failure });
    const [known] = made.responses?.[0]?.response_range?.kvs ?? [];
    step("queued");
    const createRevision = made.succeeded ? made.header.revision : (known?.create_revision ?? "0");
    return { session, key, createRevision, uuid };
  } catch (reason) {
    await holder.disown(session, key);
    throw reason;
  }
}

interface Found {
  readonly header: { readonly revision: string };
  readonly kvs?: readonly KeyValue[];
}

interface Made {
  readonly header: { readonly revision: string };
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: Found }[];
}

/** Waits until the place is the first of its queue. `lost`: it is in no queue any more. While etcd
 * is away the place is kept as long as the lease can live. */
async function turn(
  context: Context,
  name: string,
  place: Place,
  deadline: number,
  signal?: AbortSignal,
): Promise<"first" | "lost" | Refused> {
  const { session } = place;
  while (session.valid()) {
    if (signal?.aborted) return "cancelled";
    const leftMs = deadline - context.clock.elapsed();
    if (leftMs <= 0) return "timeout";
    const before = await predecessor(context, name, place).catch(unlessAway);
    if (before === "none" || before === "gone") return before === "none" ? "first" : "lost";
    const everyMs = context.watch === null ? lookWithoutWatchMs : lookEveryMs;
    const waitMs = Math.min(before === null ? retryMs : everyMs, leftMs);
    await change(context, before, waitMs, [session.lost, ...(signal ? [signal] : [])]);
  }
  return "lost";
}

function unlessAway(reason: unknown): null {
  if (reason instanceof ServiceUnavailable) return null;
  throw reason;
}

interface Predecessor {
  readonly key: string;
  /** The first revision that the look at the queue did not show. */
  readonly from: bigint;
}

/** Whom the place waits for; `gone` if the place itself is there no more. */
async function predecessor(
  { options, client }: Context,
  name: string,
  { key, createRevision }: Place,
): Promise<Predecessor | "none" | "gone"> {
  const own = { request_range: { key: base64(key), keys_only: true } };
  const last = { sort_order: "DESCEND", sort_target: "CREATE", limit: "1", keys_only: true };
  const earlier = { max_create_revision: String(BigInt(createRevision) - 1n) };
  const queue = rangeOf(queuePrefix(options.prefix, name));
  const success = [own, { request_range: { ...queue, ...last, ...earlier } }];
  const { header, responses } = await client.call<Made>("/v3/kv/txn", { success });
  const [mine, before] = (responses ?? []).map((one) => one.response_range?.kvs?.[0]);
  if (mine?.create_revision !== createRevision) return "gone";
  if (before === undefined) return "none";
  return { key: textOf(before.key), from: BigInt(header.revision) + 1n };
}

/** Resolves when the key may be gone, when it is time to look, or when a signal is aborted. The
 * signals are left as they were, since a lease outlives thousands of waits. */
async function change(
  { watch, clock }: Context,
  before: Predecessor | null,
  waitMs: number,
  signals: readonly AbortSignal[],
): Promise<void> {
  const enough = new AbortController();
  const stop = () => enough.abort();
  for (const one of signals) one.addEventListener("abort", stop);
  const gone = before === null ? null : watch?.deleted(before.key, before.from, enough.signal);
  await new Promise<void>((resolve) => {
    const cancel = clock.after(waitMs, stop);
    enough.signal.addEventListener("abort", () => {
      cancel();
      resolve();
    });
    void gone?.then(stop);
  });
  for (const one of signals) one.removeEventListener("abort", stop);
}

function held(
  { holder }: Context,
  name: string,
  { session, key, token, revision }: HeldKey,
  resumed: boolean,
): Held {
  let released: Promise<void> | null = null;
  return {
    name,
    token,
    resumed,
    lost: session.lost,
    valid: () => released === null && session.valid(),
    release: () => {
      released ??= holder.discard(session, key, revision);
      return released;
    },
  };
}

const processName = `${hostname()} (process ${process.pid})`;
