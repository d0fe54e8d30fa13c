/** Draws what happens in a run from its seed. Each run has a theme, since a loss of data, a move
 *  to the ledger or a race for the last units takes more than chance to come to anything. */
import { type Random, random } from "./engine/random.ts";
import type { ActionPlan, Fault, Plan, PurchasePlan, SalePlan, Shape } from "./plan.ts";
import type { RoleName } from "./processes.ts";

/** What a run is about. */
interface Theme {
  readonly activeMs: readonly [number, number];
  readonly sale: (chance: Random) => Partial<SalePlan>;
  readonly shape: (chance: Random) => Partial<Shape>;
  readonly purchases: readonly [number, number];
  /** How many at least; two at most. */
  readonly sales?: number;
  /** Faults besides those of chance, and where purchases and actions are to crowd. */
  readonly happens: (chance: Random, shape: Shape) => Happening;
}

interface Happening {
  readonly faults: readonly Fault[];
  readonly rebuildAt?: number;
  /** Moments, and for how long after them something is likely. */
  readonly crowds: readonly (readonly [number, number])[];
  /** What else it takes of the network. */
  readonly manners?: Partial<Plan["manners"]>;
}

const themes: Readonly<Record<string, Theme>> = {
  any: {
    activeMs: [1_500, 6_000],
    sale: () => ({}),
    shape: () => ({}),
    purchases: [6, 28],
    happens: () => ({ faults: [], crowds: [] }),
  },
  lastUnits: {
    activeMs: [400, 1_500],
    sale: (chance) => ({
      buckets: chance.whole(2, 3),
      stock: chance.whole(2, 8),
      strategy: "atomic",
      endsAt: null,
      startsAt: null,
    }),
    shape: () => ({ apis: 2 }),
    purchases: [16, 40],
    happens: (chance) => ({ faults: [], crowds: [[chance.whole(200, 400), 12]] }),
  },
  loss: {
    activeMs: [9_500, 13_000],
    sale: (chance) => ({ endsAt: null, startsAt: null, stock: chance.pick([2, 3, 5, 8]) }),
    shape: (chance) => ({ redisNodes: chance.chance(0.4) ? 2 : 1, apis: 2 }),
    purchases: [14, 30],
    happens: lossOfStock,
  },
  fallback: {
    activeMs: [9_000, 14_000],
    sale: () => ({ strategy: "atomic", fallback: "database", endsAt: null, startsAt: null }),
    shape: () => ({ apis: 2, redisNodes: 1 }),
    purchases: [14, 30],
    happens: moveToLedger,
  },
  rebuild: {
    activeMs: [7_000, 10_000],
    sale: () => ({ strategy: "atomic", fallback: null, endsAt: null, startsAt: null }),
    shape: () => ({ apis: 1 }),
    purchases: [14, 30],
    happens: operatorRebuilds,
  },
  locks: {
    activeMs: [2_500, 7_000],
    sale: () => ({ strategy: "locked", fallback: null, endsAt: null, startsAt: null }),
    shape: () => ({ apis: 2, controllers: 2 }),
    purchases: [14, 34],
    happens: lostLocks,
  },
  mends: {
    activeMs: [2_500, 7_000],
    sale: () => ({ strategy: "locked", fallback: null, endsAt: null, startsAt: null }),
    shape: () => ({ apis: 2, controllers: 1 }),
    purchases: [14, 34],
    sales: 2,
    happens: locksToMend,
  },
};

const themeNames = [
  ...["any", "any", "any", "any", "lastUnits", "lastUnits", "loss", "loss"],
  ...["fallback", "locks", "locks", "mends", "rebuild"],
];

export function planOf(seed: string): Plan {
  const chance = random(`${seed}/plan`);
  const theme = themes[chance.pick(themeNames)] as Theme;
  const shape = { ...shapeOf(chance), ...theme.shape(chance) };
  const activeMs = chance.whole(...theme.activeMs);
  const sales = times(chance.whole(theme.sales ?? 1, 2), () => ({
    ...salePlan(chance, activeMs),
    ...theme.sale(chance),
  }));
  const { faults, crowds, rebuildAt, manners } = theme.happens(chance, shape);
  const when = (least: number) => {
    if (crowds.length === 0 || chance.chance(0.4)) return chance.whole(least, activeMs);
    const [from, forMs] = chance.pick(crowds);
    return from + chance.whole(0, forMs);
  };
  const purchases = times(chance.whole(...theme.purchases), (at) =>
    purchasePlan(chance, sales, when(200), at),
  );
  const moments = purchases.map(({ at }) => at);
  const openings = sales.map(({ startsAt }) => startsAt ?? 0);
  const isCalm = chance.chance(0.35);
  return {
    seed,
    shape,
    sales,
    purchases,
    actions: [
      ...times(chance.whole(0, 4), (at) => actionPlan(chance, sales.length, when(400), at)),
      ...(rebuildAt === undefined ? [] : [rebuildPlan(rebuildAt)]),
    ],
    faults: [
      ...faults,
      ...times(chance.whole(0, 4), () => faultPlan(chance, shape, activeMs, { moments, openings })),
    ],
    manners: {
      lossChance: isCalm ? 0 : chance.pick([0.002, 0.01, 0.03]),
      lateChance: isCalm ? 0 : chance.pick([0.005, 0.02, 0.08]),
      lateMaxMs: chance.pick([200, 2_000, 7_000]),
      ...manners,
    },
    activeMs,
  };
}

/** A server forgets, and buyers come back once the stock is loaded anew, about eight seconds
 * later; in the meantime orders wait in the log, processes sleep, and admins change the sale. */
function lossOfStock(chance: Random, shape: Shape): Happening {
  const at = chance.whole(500, 1_800);
  const service = `redis-${chance.whole(0, shape.redisNodes - 1)}`;
  const loss: Fault = chance.chance(0.5)
    ? { kind: "wiped", service, at }
    : { kind: "restart", service, at, forMs: chance.whole(20, 900), losesMs: 1_500 };
  const asleep = { kind: "pause", at: at - chance.whole(0, 40) } as const;
  const forMs = chance.whole(6_000, 10_500);
  const meanwhile: readonly Fault[][] = [
    [],
    [{ ...asleep, host: "api-0", forMs }],
    times(shape.orders, (n) => ({ ...asleep, host: `orders-${n}`, forMs })),
    [{ kind: "frozen", service: chance.pick(["log", "ledger"]), at, forMs: forMs - 4_000 }],
  ];
  const crowds = [
    [at - 40, 40],
    [at, 2_500],
    [at + 7_000, 1_500],
    [at + 7_000, 3_000],
  ] as const;
  return { faults: [loss, ...chance.pick(meanwhile)], crowds };
}

/** The controllers cannot reach the stock, which others may reach all the time. */
function moveToLedger(chance: Random, shape: Shape): Happening {
  const at = chance.whole(400, 1_200);
  const forMs = chance.whole(4_500, 11_000);
  const service = "redis-0";
  const away: Fault[] = chance.chance(0.4)
    ? [{ kind: "away", service, at, forMs }]
    : times(shape.controllers, (n) => ({
        ...({ kind: "cut", how: "both", service, at, forMs } as const),
        host: `controller-${n}`,
      }));
  const meanwhile: readonly Fault[][] = [
    [],
    [{ kind: "cut", host: "api-0", service: "ledger", how: "both", at: at + 2_000, forMs }],
    times(shape.orders, (n) => ({ kind: "pause", host: `orders-${n}`, at: at + 2_000, forMs })),
    [{ kind: "pause", host: "api-0", at: at + chance.whole(0, 4_000), forMs }],
  ];
  const crowds = [
    [at + 2_500, 9_000],
    [at + forMs, 3_000],
  ] as const;
  return { faults: [...away, ...chance.pick(meanwhile)], crowds };
}

/** An operator has the stock loaded while orders are on their way to the log, and a process sleeps
 * with some of them in its hands. */
function operatorRebuilds(chance: Random): Happening {
  const at = chance.whole(600, 1_500);
  const forMs = chance.whole(5_200, 8_500);
  const faults: Fault[] = chance.chance(0.6) ? [{ kind: "pause", host: "api-0", at, forMs }] : [];
  return { faults, crowds: [[at - 9, 9]], rebuildAt: at + chance.whole(-6, 600) };
}

function rebuildPlan(at: number): ActionPlan {
  return { name: "rebuild", at, sale: 0, kind: "rebuild", units: 0 };
}

/** Holders sleep for longer than their locks live, are cut off from them, or fall and are soon
 * back; what they said before may come late. */
function lostLocks(chance: Random): Happening {
  const at = chance.whole(500, 2_000);
  const host = chance.pick(["api-0", "api-1", "controller-0", "controller-1"]);
  const forMs = chance.whole(2_500, 4_500);
  const falls = times(chance.whole(2, 4), (n) => ({
    ...({ kind: "kill", host: `api-${n % 2}`, forMs: chance.whole(20, 120) } as const),
    at: at + chance.whole(0, 3_000),
  }));
  const kinds: readonly Fault[][] = [
    [{ kind: "pause", host, at, forMs }],
    [{ kind: "cut", host, service: "etcd", how: "both", at, forMs }],
    falls,
  ];
  const faults = chance.pick(kinds);
  const crowds = [
    [at - 20, 4_500],
    [at - 12, 12],
  ] as const;
  const isLate = chance.chance(faults === falls ? 0.7 : 0.3);
  const late = isLate ? { manners: { lateChance: 0.08, lateMaxMs: 7_000 } } : {};
  return { faults, crowds, ...late };
}

/** A controller needs the locks of several sales at once, of which sleepers hold some. */
function locksToMend(chance: Random): Happening {
  const at = chance.whole(400, 1_000);
  const asleepAt = at + chance.whole(2_000, 3_200);
  const forMs = chance.whole(3_500, 5_500);
  const faults: Fault[] = [
    { kind: "wiped", service: "redis-0", at },
    { kind: "pause", host: "api-0", at: asleepAt, forMs },
    { kind: "pause", host: "api-1", at: asleepAt + chance.whole(20, 1_500), forMs },
  ];
  return { faults, crowds: [[asleepAt - 40, 60]], manners: { lossChance: 0.06 } };
}

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

function shapeOf(chance: Random): Shape {
  return {
    apis: chance.whole(1, 2),
    orders: chance.whole(1, 2),
    controllers: chance.whole(1, 2),
    redisNodes: chance.chance(0.25) ? 2 : 1,
    partitions: chance.whole(1, 3),
  };
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
  at: number,
  place: number,
): PurchasePlan {
  const sale = chance.whole(0, sales.length - 1);
  return {
    name: `purchase ${place}`,
    at,
    sale,
    buyer: `b${chance.whole(1, 12)}`,
    key: `k${chance.whole(1, 3)}`,
    quantity: chance.chance(0.8) ? 1 : chance.whole(1, sales[sale]?.perBuyerLimit ?? 1),
    tries: chance.whole(1, 6),
  };
}

function actionPlan(chance: Random, sales: number, at: number, place: number): ActionPlan {
  const kind = chance.pick(["restock", "restock", "pause", "resume", "close", "rename"] as const);
  const name = `action ${place}`;
  return { name, at, sale: chance.whole(0, sales - 1), kind, units: chance.whole(1, 5) };
}

/** Half of them a moment after somebody began to buy, some while the sales are being opened. */
function faultPlan(chance: Random, shape: Shape, activeMs: number, aims: Aims): Fault {
  const at = momentOf(chance, activeMs, aims);
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

interface Aims {
  /** When somebody buys. */
  readonly moments: readonly number[];
  /** When a sale is opened. */
  readonly openings: readonly number[];
}

function momentOf(chance: Random, activeMs: number, { moments, openings }: Aims): number {
  const kind = chance.next();
  if (kind < 0.5) return chance.pick(moments) + chance.whole(0, 12);
  if (kind < 0.7) return chance.pick(openings) + chance.whole(1, 300);
  return chance.whole(150, activeMs);
}

function hostIn(chance: Random, shape: Shape): string {
  const counts = { api: shape.apis, orders: shape.orders, controller: shape.controllers };
  const role = chance.pick(["api", "orders", "controller"] satisfies RoleName[]);
  return `${role}-${chance.whole(0, counts[role] - 1)}`;
}
