/** What happens in one run, drawn from its seed: the sales, who buys, what admins do, and what goes
 *  wrong. A list of things, so that a failing run can be made shorter by leaving some out. */
import type { Strategy } from "../../src/domain/sale.ts";

export interface Plan {
  readonly seed: string;
  readonly shape: Shape;
  readonly sales: readonly SalePlan[];
  readonly purchases: readonly PurchasePlan[];
  readonly actions: readonly ActionPlan[];
  readonly faults: readonly Fault[];
  readonly manners: { lossChance: number; lateChance: number; lateMaxMs: number };
  /** When the last purchase begins and the last fault has begun. */
  readonly activeMs: number;
}

export interface Shape {
  readonly apis: number;
  readonly orders: number;
  readonly controllers: number;
  readonly redisNodes: number;
  readonly partitions: number;
}

export interface SalePlan {
  readonly stock: number;
  readonly buckets: number;
  readonly perBuyerLimit: number;
  readonly strategy: Strategy;
  readonly fallback: "database" | null;
  /** Milliseconds after the beginning; null: by an admin's action, or never. */
  readonly startsAt: number | null;
  readonly endsAt: number | null;
}

export interface PurchasePlan {
  /** Names its stream of chance, whatever else is left out. */
  readonly name: string;
  readonly at: number;
  readonly sale: number;
  readonly buyer: string;
  readonly key: string;
  readonly quantity: number;
  /** Tried so often at most, with the same key. */
  readonly tries: number;
}

export interface ActionPlan {
  readonly name: string;
  readonly at: number;
  readonly sale: number;
  /** `rebuild`: an operator has the stock loaded anew, from a process of his own. */
  readonly kind: "restock" | "pause" | "resume" | "close" | "rename" | "rebuild";
  readonly units: number;
}

export type Fault =
  | {
      readonly kind: "kill" | "stop";
      readonly host: string;
      readonly at: number;
      readonly forMs: number;
    }
  | { readonly kind: "pause"; readonly host: string; readonly at: number; readonly forMs: number }
  | { readonly kind: "clock"; readonly host: string; readonly at: number; readonly byMs: number }
  | { readonly kind: "disk"; readonly host: string; readonly at: number }
  | {
      readonly kind: "cut";
      readonly host: string;
      readonly service: string;
      readonly how: "both" | "replies";
      readonly at: number;
      readonly forMs: number;
    }
  | {
      readonly kind: "away" | "frozen";
      readonly service: string;
      readonly at: number;
      readonly forMs: number;
    }
  | { readonly kind: "wiped"; readonly service: string; readonly at: number }
  | {
      /** Comes back without what was written in the last `losesMs`. */
      readonly kind: "restart";
      readonly service: string;
      readonly at: number;
      readonly forMs: number;
      readonly losesMs: number;
    }
  | { readonly kind: "redelivery"; readonly at: number; readonly messages: number }
  | { readonly kind: "poison"; readonly at: number };
