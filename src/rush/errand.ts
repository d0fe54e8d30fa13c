/** One thing a buyer wants an answer to, however often it has to be sent: the same bytes, the same
 *  key each time. */
import type { Exchange, LossReason } from "./exchange.ts";
import type { HttpResponse } from "./response.ts";

export type ErrandKind =
  /** The buyer's purchase. */
  | "purchase"
  /** The same purchase again, on purpose: must get the same order. */
  | "repeat"
  /** Another purchase with a new key: must be limited. */
  | "greedy";

export interface ErrandRunner {
  answered(errand: Errand, response: HttpResponse): void;
  lost(errand: Errand, reason: LossReason): void;
}

export class Errand implements Exchange {
  readonly start = 0;
  readonly length: number;
  /** When the current try was to be sent. */
  intendedAt: number;
  readonly arrivedAt: number;
  /** Something was sent, so the server may have acted on it. */
  sent = false;
  /** An order under this key was already in a client's hands when the current try was sent. */
  orderKnown = false;
  readonly kind: ErrandKind;
  readonly buyerId: string;
  readonly requestKey: string;
  readonly bytes: Uint8Array;
  private readonly runner: ErrandRunner;

  constructor(runner: ErrandRunner, from: Purpose, intendedAt: number) {
    this.runner = runner;
    this.kind = from.kind;
    this.buyerId = from.buyerId;
    this.requestKey = from.requestKey;
    this.bytes = from.bytes;
    this.length = from.bytes.length;
    this.intendedAt = intendedAt;
    this.arrivedAt = intendedAt;
  }

  onAnswer(response: HttpResponse): void {
    this.runner.answered(this, response);
  }

  onLost(reason: LossReason): void {
    this.runner.lost(this, reason);
  }
}

export interface Purpose {
  readonly kind: ErrandKind;
  readonly buyerId: string;
  readonly requestKey: string;
  readonly bytes: Uint8Array;
}
