/** The running counts of a rush: what the progress line shows and the final table adds up. */
import { Histogram } from "./histogram.ts";

export class Tally {
  /** Requests handed to a connection or its queue, tries included. */
  sent = 0;
  answered = 0;
  /** Distinct orders whose id some client holds. */
  orders = 0;
  /** 202 answers that repeated an order a client already held. */
  duplicateAnswers = 0;
  soldOut = 0;
  limited = 0;
  /** 429 answers; each was tried again. */
  rateLimited = 0;
  /** 503 answers; each was tried again with the same key. */
  unavailable = 0;
  /** Requests whose answer never came (connection lost, deadline passed); each was tried again with
   *  the same key. */
  lost = 0;
  /** Requests that found no connection and no room to wait for one. */
  drops = 0;
  /** Buyers who ran out of patience without an answer. */
  gaveUp = 0;
  /** Refusals that a crowd may meet but does not provoke (the sale was paused, …), by code. */
  readonly otherRefusals = new Map<string, number>();
  /** Answers no client should get, by status and code: they fail the rush. */
  readonly unexpected = new Map<string, number>();
  /** Every answer, from the intended send time. */
  readonly latency = new Histogram();
  /** The first 202 of each order, likewise. */
  readonly orderLatency = new Histogram();
}

export function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
