/** The log of accepted orders: what is in it survives us and is delivered to every group at least
 * once, in order. */
import type { Instant, OrderId } from "../domain/ids.ts";
import type { Reservation } from "../domain/reservation.ts";

export interface LoggedOrder {
  readonly offset: number;
  /** When the log took it. */
  readonly producedAt: Instant;
  /** Null if the message could not be understood: poison. */
  readonly order: Reservation | null;
  /** The order id, if at least that could be read. */
  readonly orderId: OrderId | null;
  /** The message as it was written. */
  raw(): string;
}

export interface LogLag {
  readonly messages: number;
  /** Age of the oldest message the group has not consumed; 0 if there is none. */
  readonly seconds: number;
  /** Everything produced before this has been consumed; the present if the group is not behind. */
  readonly consumedThrough: Instant;
}

export interface Subscription {
  /** Resolves when the handler in progress has ended; nothing is delivered afterwards. */
  stop(): Promise<void>;
}

export interface OrderLog {
  /** Resolved means durable. Rejected means unknown: the orders may be in the log, now or later,
   * until `appendDeadlineMs` has passed. Appending an order twice is harmless. */
  append(orders: readonly Reservation[]): Promise<void>;

  /** Delivers batches of at most `max`, in order, one at a time; the group's position moves after
   * the handler has resolved. A handler that throws gets the same batch again after a back-off. */
  subscribe(
    group: string,
    max: number,
    handler: (batch: readonly LoggedOrder[]) => Promise<void>,
  ): Subscription;

  /** How far a group is behind. */
  lag(group: string): Promise<LogLag>;

  /** The position after the last message, for barriers. */
  end(): Promise<number>;

  /** Resolves once the group's committed position has reached `end`. */
  reached(group: string, end: number): Promise<void>;

  /** Drops messages that every group has consumed and that are older than `before`; returns how
   * many. */
  trim(before: Instant): Promise<number>;

  /** Keeps a message that could not be handled, for a person to look at. Idempotent by offset. */
  deadLetter(message: LoggedOrder, reason: string): Promise<void>;
}
