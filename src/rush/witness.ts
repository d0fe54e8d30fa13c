/** What the clients saw, kept for the checker: every 202 ever received and every refusal. It counts
 *  and compares nothing, so that a wrong answer reaches the checker as it was. */
import type { OrderReceipt } from "./answer.ts";

export interface Receipt extends OrderReceipt {
  readonly buyerId: string;
  readonly requestKey: string;
  /** What was asked for, as opposed to what the answer says. */
  readonly asked: number;
}

export interface Refusal {
  readonly code: string;
  readonly buyerId: string;
  readonly requestKey: string;
  readonly asked: number;
  /** The client already held an order under this key when it sent the refused request. */
  readonly orderKnown: boolean;
}

export class Witness {
  readonly receipts: Receipt[] = [];
  readonly refusals: Refusal[] = [];
}
