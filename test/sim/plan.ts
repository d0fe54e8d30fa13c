/** What happens in one run, drawn from its seed: the sales, who buys, what admins do, and what goes
 *  wrong. A list of things, so that a failing run can be made shorter by leaving some out. */
import type { Strategy } from "../../src/domain/sale.ts";
import { type Random, random } from "./engine/random.ts";
import type { RoleName } from "./processes.ts";

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
  readonly kind: "restock" | "pause" | "resume" | "close" | "rename";
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

export function planOf(seed: string): Plan {
  const chance = random(`${seed}/plan`);
  const shape: Shape = {
    apis: chance.whole(1, 2),
    orders: chance.whole(1, 2),
    controllers: chance.whole(1, 2),
    redisNodes: chance.chance(0.25) ? 2 : 1,
    partitions: chance.whole(1, 3),
  };
  const activeMs = chance.whole(1_500, 6_000);
  const sales = times(chance.whole(1, 2), () => salePlan(chance, activeMs));
  const isCalm = chance.chance(0.4);
  return {
    seed,
    shape,
    sales,
    purchases: times(chance.whole(6, 28), (at) => purchasePlan(chance, sales, activeMs, at)),
    actions: times(chance.whole(0, 4), (at) => actionPlan(chance, sales.length, activeMs, at)),
    faults: times(chance.whole(0, 5), () => faultPlan(chance, shape, activeMs)),
    manners: {
      lossChance: isCalm ? 0 : chance.pick([0.002, 0.01, 0.03]),
      lateChance: isCalm ? 0 : chance.pick([0.005, 0.02]),
      lateMaxMs: chance.pick([200, 2_000, 7_000]),
    },
    activeMs,
  };
}

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

function salePlan(chance: Random, activeMs: number): SalePlan {
  const kind = chance.next();
  const strategy = kind < 0.65 ? "atomic" : kind < 0.88 ? "locked" : "database";
  const startsAt = chance.chance(0.3) ? chance.whole(300, 1_500) : null;
  const least = (startsAt ?? 0) + 800;
  return {
    stock: chance.pick([1, 2, 3, 5, 8, 12, 20]),
    buckets: strategy === "database" ? 1 : chance.pick([1, 1, 2, 3]),
    perBuyerLimit: chance.pick([1, 1, 2, 3]),
    strategy,
    fallback: strategy !== "database" && chance.chance(0.25) ? "database" : null,
    startsAt,
    endsAt: chance.chance(0.15) ? chance.whole(least, Math.max(least, activeMs) + 2_000) : null,
  };
}

function purchasePlan(
  chance: Random,
  sales: readonly SalePlan[],
  activeMs: number,
  place: number,
): PurchasePlan {
  const sale = chance.whole(0, sales.length - 1);
  return {
    name: `purchase ${place}`,
    at: chance.whole(200, activeMs),
    sale,
    buyer: `b${chance.whole(1, 12)}`,
    key: `k${chance.whole(1, 3)}`,
    quantity: chance.chance(0.8) ? 1 : chance.whole(1, sales[sale]?.perBuyerLimit ?? 1),
    tries: chance.whole(1, 6),
  };
}

function actionPlan(chance: Random, sales: number, activeMs: number, place: number): ActionPlan {
  const kind = chance.pick(["restock", "restock", "pause", "resume", "close", "rename"] as const);
  const at = chance.whole(400, activeMs);
  const name = `action ${place}`;
  return { name, at, sale: chance.whole(0, sales - 1), kind, units: chance.whole(1, 5) };
}

function faultPlan(chance: Random, shape: Shape, activeMs: number): Fault {
  const at = chance.whole(150, activeMs);
  const host = hostIn(chance, shape);
  const forMs = Math.floor(10 ** (1.5 + chance.next() * 2.4));
  const redis = `redis-${chance.whole(0, shape.redisNodes - 1)}`;
  const service = chance.pick([redis, redis, "log", "ledger", "etcd"]);
  switch (chance.whole(0, 12)) {
    case 0:
    case 1:
      return { kind: "kill", host, at, forMs };
    case 2:
      return { kind: "stop", host, at, forMs };
    case 3:
    case 4:
      return { kind: "pause", host, at, forMs };
    case 5:
      return { kind: "clock", host, at, byMs: chance.whole(-3_000, 3_000) };
    case 6:
      return { kind: "disk", host, at };
    case 7:
      return { kind: "cut", host, service, how: chance.pick(["both", "replies"]), at, forMs };
    case 8:
      return { kind: chance.pick(["away", "frozen"]), service, at, forMs };
    case 9:
      return { kind: "wiped", service: redis, at };
    case 10:
      return {
        kind: "restart",
        service: redis,
        at,
        forMs,
        losesMs: chance.pick([0, 5, 100, 1_500]),
      };
    case 11:
      return { kind: "redelivery", at, messages: chance.whole(1, 20) };
    default:
      return chance.chance(0.3) ? { kind: "poison", at } : { kind: "kill", host, at, forMs };
  }
}

function hostIn(chance: Random, shape: Shape): string {
  const counts = { api: shape.apis, orders: shape.orders, controller: shape.controllers };
  const role = chance.pick(["api", "orders", "controller"] satisfies RoleName[]);
  return `${role}-${chance.whole(0, counts[role] - 1)}`;
}
