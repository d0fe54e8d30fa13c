/** What a fetch brought, as messages. The time is the batch's own where the log stamps it, which
 * the library's messages do not tell. */
import type { RecordsBatch } from "@platformatic/kafka";
import { instant } from "../../domain/ids.ts";
import { type FetchedMessage, OrderMessage } from "./order-message.ts";

/** Bits of a batch's attributes. */
const logAppendTime = 8;
const control = 32;

export interface Fetched {
  readonly messages: readonly OrderMessage[];
  /** Where the next fetch begins. */
  readonly next: number;
}

/** Messages from `from` on; the first batch may begin before it. */
export function orderMessages(
  partition: number,
  from: number,
  batches: readonly RecordsBatch[],
): Fetched {
  const messages: OrderMessage[] = [];
  let next = from;
  for (const batch of batches) {
    for (const fetched of recordsOf(partition, from, batch))
      messages.push(new OrderMessage(fetched));
    next = Math.max(next, Number(batch.firstOffset) + batch.lastOffsetDelta + 1);
  }
  return { messages, next };
}

export function recordsOf(partition: number, from: number, batch: RecordsBatch): FetchedMessage[] {
  if ((batch.attributes & control) !== 0) return [];
  const first = Number(batch.firstOffset);
  const stamped = (batch.attributes & logAppendTime) !== 0;
  return batch.records
    .filter((record) => first + record.offsetDelta >= from)
    .map((record) => {
      const time = stamped ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta;
      const { key, value, headers } = record;
      const place = { partition, offset: first + record.offsetDelta };
      return { ...place, producedAt: instant(Number(time)), key, value, headers };
    });
}
