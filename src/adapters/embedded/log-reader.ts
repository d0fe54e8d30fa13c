/** Reads the order log's rows as messages; one that cannot be understood comes out as such, in
 * its place. */

import { type Instant, instant } from "../../domain/ids.ts";
import type { Reservation } from "../../domain/reservation.ts";
import type { LoggedOrder } from "../../ports/order-log.ts";
import { parseOrderId, parseReservation } from "../shared/reservation-json.ts";
import type { Database } from "./database.ts";
import batchAtSql from "./sql/log-batch-at.sql" with { type: "text" };

interface BatchRow {
  readonly base_offset: number;
  readonly count: number;
  readonly produced_at: number;
  readonly orders: string;
}

/** Messages of the last appends that stay in memory, so that a group that keeps up reads no
 * rows. */
const tailMax = 4_000;

export function logReader(database: Database) {
  const batchAt = database.sql.prepare<BatchRow, [number]>(batchAtSql);
  const tail: LoggedOrder[][] = [];
  let tailSize = 0;
  let decoded: readonly LoggedOrder[] = [];

  /** Notes what was appended as one batch. */
  function appended(base: number, producedAt: Instant, orders: readonly Reservation[]): void {
    tail.push(orders.map((order, at) => logged(base + at, producedAt, order)));
    tailSize += orders.length;
    while (tailSize > tailMax) tailSize -= tail.shift()?.length ?? 0;
  }

  /** The messages from `offset` on, at most `max`. */
  function read(offset: number, max: number): readonly LoggedOrder[] {
    const recent = fromTail(offset, max);
    if (recent.length > 0) return recent;
    if (!holds(decoded, offset)) {
      const row = batchAt.get(offset);
      decoded = row === null ? [] : decode(row);
    }
    const from = Math.max(0, offset - (decoded[0]?.offset ?? 0));
    return decoded.slice(from, from + max);
  }

  function fromTail(offset: number, max: number): LoggedOrder[] {
    const found: LoggedOrder[] = [];
    let at = tail.findLastIndex((batch) => holds(batch, offset));
    if (at < 0) return found;
    let skip = offset - (tail[at]?.[0]?.offset ?? offset);
    for (; at < tail.length && found.length < max; at += 1) {
      for (const message of tail[at]?.slice(skip, skip + max - found.length) ?? []) {
        found.push(message);
      }
      skip = 0;
    }
    return found;
  }

  function producedAt(offset: number): Instant | null {
    return read(offset, 1)[0]?.producedAt ?? null;
  }

  return { appended, read, producedAt };
}

function holds(batch: readonly LoggedOrder[], offset: number): boolean {
  const base = batch[0]?.offset ?? Number.POSITIVE_INFINITY;
  return offset >= base && offset < base + batch.length;
}

function logged(offset: number, producedAt: Instant, order: Reservation): LoggedOrder {
  const { orderId } = order;
  return { partition: 0, offset, producedAt, order, orderId, raw: () => JSON.stringify(order) };
}

function decode(row: BatchRow): LoggedOrder[] {
  const values = parseArray(row.orders);
  return Array.from({ length: row.count }, (_, at) => {
    const value = values?.[at];
    return {
      partition: 0,
      offset: row.base_offset + at,
      producedAt: instant(row.produced_at),
      order: parseReservation(value),
      orderId: parseOrderId(value),
      raw: () => (values === null ? row.orders : JSON.stringify(value ?? null)),
    };
  });
}

function parseArray(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
