/** Shares the sales out over the controllers: one holder for each sale, by its lock. Every
 * controller knows the others by the locks that carry their names. A sale's first choice queues
 * at once and its second a little later, so that somebody is in the queue when the holder dies;
 * whoever holds a sale that prefers another gives it up after a while. */
import type { LockToken, SaleId } from "../domain/ids.ts";
import { limits } from "../domain/limits.ts";
import { rankOf } from "../domain/rendezvous.ts";
import type { Held, Lease } from "../ports/lease.ts";

export interface SaleHolderDeps {
  readonly lease: Pick<Lease, "acquire" | "list">;
  /** Names this controller among the others. */
  readonly instance: string;
}

/** What a controller may do for a sale. `holds`: everything, and what it loads carries the token.
 * `helps`: what may be done twice at a time, since nobody can have locks just now. */
export type Control =
  | { readonly kind: "holds"; readonly token: LockToken }
  | { readonly kind: "helps" }
  | { readonly kind: "none" };

export interface SaleHolder {
  /** Queues for the locks of these sales as far as they are this controller's to care for, and
   * gives up others; call it every `controllerFollowMs`. Throws `ServiceUnavailable` while locks
   * cannot be had; what is held stays so until it is lost. */
  follow(saleIds: readonly SaleId[]): Promise<void>;
  control(saleId: SaleId): Control;
  /** Gives up everything. */
  stop(): Promise<void>;
}

/** A sale that is this controller's to care for, or was a moment ago. */
interface Seat {
  readonly leave: AbortController;
  queued: boolean;
  held: Held | null;
  /** How often in a row another controller was preferred, or this one was only second. */
  passedOver: number;
}

const members = "controllers/";

export function saleHolder({ lease, instance }: SaleHolderDeps): SaleHolder {
  const seats = new Map<SaleId, Seat>();
  const membership = memberOf(lease, instance);
  let away = true;
  let stopped = false;

  async function follow(saleIds: readonly SaleId[]): Promise<void> {
    if (stopped) return;
    away = true;
    const others = await membership.everybody();
    away = false;
    const wanted = new Set(saleIds);
    for (const [saleId, seat] of seats) if (!wanted.has(saleId)) giveUp(saleId, seat);
    for (const saleId of wanted) consider(saleId, rankOf(instance, others, saleId));
  }

  function consider(saleId: SaleId, rank: number): void {
    const seat = seatOf(saleId);
    if (!seat.held?.valid()) seat.held = null;
    seat.passedOver = rank === 0 ? 0 : seat.passedOver + 1;
    const patient = seat.passedOver > limits.controllerPatience;
    if (rank > 1 || (seat.held !== null && patient)) giveUp(saleId, seat);
    else if (seat.held === null && !seat.queued && (rank === 0 || patient)) {
      void queue(saleId, seat);
    }
  }

  function seatOf(saleId: SaleId): Seat {
    const seat = seats.get(saleId) ?? newSeat();
    seats.set(saleId, seat);
    return seat;
  }

  /** A queue that breaks is joined anew by the next `follow`, which says so if it still fails. */
  async function queue(saleId: SaleId, seat: Seat): Promise<void> {
    seat.queued = true;
    try {
      const got = await lease.acquire(lockOf(saleId), { signal: seat.leave.signal });
      if (!got.ok) return;
      if (seat.leave.signal.aborted) return await got.value.release();
      seat.held = got.value;
    } catch {
      seat.held = null;
    } finally {
      seat.queued = false;
    }
  }

  function giveUp(saleId: SaleId, seat: Seat): void {
    seats.delete(saleId);
    seat.leave.abort();
    void seat.held?.release();
  }

  function control(saleId: SaleId): Control {
    const held = seats.get(saleId)?.held ?? null;
    if (held?.valid()) return { kind: "holds", token: held.token };
    return away ? helps : none;
  }

  async function stop(): Promise<void> {
    stopped = true;
    const held = [...seats.values()].flatMap((seat) => seat.held ?? []);
    for (const seat of seats.values()) seat.leave.abort();
    seats.clear();
    await Promise.all([...held.map((lock) => lock.release()), membership.leave()]);
  }

  return { follow, control, stop };
}

/** Being one of the controllers: a lock of one's own name. */
function memberOf(lease: SaleHolderDeps["lease"], instance: string) {
  let own: Held | null = null;

  /** The names of all controllers. */
  async function everybody(): Promise<string[]> {
    if (!own?.valid()) {
      const joined = await lease.acquire(members + instance);
      own = joined.ok ? joined.value : null;
    }
    const queues = await lease.list(members);
    const names = queues.map(({ name }) => name.slice(members.length));
    return names.includes(instance) ? names : [...names, instance];
  }

  return { everybody, leave: async () => own?.release() };
}

function newSeat(): Seat {
  return { leave: new AbortController(), queued: false, held: null, passedOver: 0 };
}

const helps: Control = { kind: "helps" };
const none: Control = { kind: "none" };

/** The lock of whoever controls a sale. */
function lockOf(saleId: SaleId): string {
  return `sales/${saleId}`;
}
