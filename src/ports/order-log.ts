/** The log of accepted orders: what is in it survives us and is delivered to every group at least
 * once, in the order in which one buyer's orders were appended. */
import type { Instant, OrderId } from "../domain/ids.ts";
import type { Reservation } from "../domain/reservation.ts";
import type { Result } from "../lib/result.ts";

export interface LoggedOrder {
  /** 0 in a log that has only one. */
  readonly partition: number;
  readonly offset: number;
  /** When the log took it, by the log's clock. */
  readonly producedAt: Instant;
  /** Null if the message could not be understood: poison. */
  readonly order: Reservation | null;
  /** The order id, if at least that could be read. */
  readonly orderId: OrderId | null;
  /** The message as it was written. */
  raw(): string;
}

/** The offset after the last message, by partition. */
export type LogEnd = readonly number[];

export interface LogLag {
  readonly messages: number;
  /** Age of the oldest message the group has not consumed, or more; 0 if there is none. */
  readonly seconds: number;
  /** Everything produced before this has been consumed; the present if the group is not behind. */
  readonly consumedThrough: Instant;
}

export interface Subscription {
  /** Why nothing can be delivered at the moment, or null. What the handler throws is its own. */
  failure(): string | null;
  /** Resolves when the handler in progress has ended and its position is committed; nothing is
   * delivered afterwards. */
  stop(): Promise<void>;
}

/** A message that could not be handled, kept for a person to look at. */
export interface DeadLetter {
  /** Names it to `replay`. */
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly raw: string;
  readonly buriedAt: Instant;
}

export interface OrderLog {
  /** Resolved means durable. Rejected, which takes `appendDeadlineMs` at most, means unknown: the
   * orders may be in the log, and a broker that was frozen with them may write them much later.
   * That is harmless, because their epoch or their ids are known by then: ADR 8. Appending an order
   * twice is harmless, too. Calls may overlap; the log keeps their order. */
  append(orders: readonly Reservation[]): Promise<void>;

  /** Delivers batches of at most `max`, in order, one at a time; the group's position moves after
   * the handler has resolved. A handler that throws gets the same batch again after a back-off.
   * Subscribers of one group share the messages, in this process or in others. */
  subscribe(
    group: string,
    max: number,
    handler: (batch: readonly LoggedOrder[]) => Promise<void>,
  ): Subscription;

  /** How far a group is behind. */
  lag(group: string): Promise<LogLag>;

  /** For barriers. */
  end(): Promise<LogEnd>;

  /** Resolves once the group's committed positions have reached `end`; needs a subscriber
   * somewhere. */
  reached(group: string, end: LogEnd): Promise<void>;

  /** Drops messages that every group has consumed and that are older than `before`; returns how
   * many. A log that does so by itself does nothing. */
  trim(before: Instant): Promise<number>;

  /** Keeps a message that could not be handled, for a person to look at. May keep it twice if
   * called twice. */
  deadLetter(message: LoggedOrder, reason: string): Promise<void>;

  /** Dead letters, newest first. */
  deadLetters(max: number): Promise<readonly DeadLetter[]>;

  /** Appends a dead letter to the log again, as it was written; it stays listed. */
  replay(id: string): Promise<Result<void, "no-such-letter">>;
}
