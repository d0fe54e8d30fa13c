/** What the stock of a sale holds at one moment, read out of the servers' own keys. */

import { stockKeys } from "../../../src/adapters/redis/keys.ts";
import { unpackReservation } from "../../../src/adapters/redis/records.ts";
import type { SaleId } from "../../../src/domain/ids.ts";
import type { Reservation } from "../../../src/domain/reservation.ts";
import type { SimRedis } from "../redis/server.ts";
import { type LedgerEntry, saleOf } from "../services/ledger-tables.ts";

interface Bucket {
  readonly fields: ReadonlyMap<string, string>;
  readonly pending: readonly Reservation[];
  /** Loaded, not sealed, and nothing was lost since. */
  readonly sells: boolean;
}

export interface SaleLevel {
  /** Whether buckets are counted at all: those whose orders the ledger takes. */
  readonly current: boolean;
  /** Whether all of them are. */
  readonly complete: boolean;
  readonly remaining: number;
  readonly inTransfer: number;
  readonly pending: readonly Reservation[];
  /** Of the settings, by bucket. */
  readonly versions: readonly number[];
  /** Units that could be had wherever the sale is sold from; infinite if that cannot be told. */
  readonly available: number;
}

const keys = stockKeys("sim:");

export function bucketsOf(
  servers: readonly SimRedis[],
  saleId: SaleId,
  count: number,
): readonly (Bucket | null)[] {
  return Array.from({ length: count }, (_, bucket) => {
    const server = servers[bucket % servers.length] as SimRedis;
    const fields = server.hash(keys.stock(saleId, bucket));
    if (fields === undefined) return null;
    const isCurrent = fields.get("incarnation") === server.incarnation();
    const sells = fields.has("epoch") && !fields.has("sealed") && isCurrent;
    const marks = sells ? (server.hash(keys.pending(saleId, bucket)) ?? new Map()) : new Map();
    const pending = [...marks].map(([mark, known]: [string, string]) =>
      unpackReservation(saleId, Buffer.from(mark, "latin1"), Buffer.from(known, "latin1")),
    );
    return { fields, pending, sells };
  });
}

export function levelOf(buckets: readonly (Bucket | null)[], entry: LedgerEntry): SaleLevel {
  const selling = buckets.map((one) => (one?.sells ? one : null));
  const counted = selling.filter((one) => Number(one?.fields.get("epoch")) === entry.minEpoch);
  const remaining = sum(counted.map((one) => Number(one?.fields.get("remaining") ?? 0)));
  const inTransfer = movingIn(counted.length === buckets.length ? selling : []);
  return {
    current: counted.length > 0,
    complete: counted.length === buckets.length,
    remaining,
    inTransfer,
    pending: counted.flatMap((one) => one?.pending ?? []),
    versions: counted.map((one) => Number(one?.fields.get("version"))),
    available: availableIn(selling, entry),
  };
}

function availableIn(selling: readonly (Bucket | null)[], entry: LedgerEntry): number {
  if (saleOf(entry).mode === "ledger") return entry.total - entry.sold;
  if (selling.includes(null)) return Number.POSITIVE_INFINITY;
  const left = sum(selling.map((one) => Number(one?.fields.get("remaining") ?? 0)));
  return left + movingIn(selling);
}

function movingIn(buckets: readonly (Bucket | null)[]): number {
  let moving = 0;
  buckets.forEach((bucket, from) => {
    for (const [field, value] of bucket?.fields ?? []) {
      if (!field.startsWith("out:")) continue;
      const [number = 0, units = 0] = value.split(":").map(Number);
      const arrived = Number(buckets[Number(field.slice(4))]?.fields.get(`in:${from}`) ?? 0);
      if (arrived < number) moving += units;
    }
  });
  return moving;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
