// Which faults a drill injects, in which order and at what distance: all of it follows from the
// seed. Every kind comes once before any comes again.

import { type Random, seededRandom } from "../../src/rush/random.ts";

export const services = ["redis", "kafka", "mysql", "etcd"] as const;
export type ServiceName = (typeof services)[number];

export const roles = ["api", "orders", "controller"] as const;
export type RoleName = (typeof roles)[number];
/** Processes of each role. */
export const perRole = 2;

/** What is broken, one of each of these at a time: `redis`, or `api-0`. */
export type Thing = ServiceName | `${RoleName}-${number}`;

export type FaultKind =
  /** kill -9; started again after a while. */
  | "kill"
  /** SIGSTOP, then SIGCONT. */
  | "pause"
  /** A process cannot make any file of its data directory longer, or not by a whole record. */
  | "disk-full"
  /** Everything to and from a service comes late. */
  | "latency"
  /** Connections to a service are broken again and again. */
  | "drops"
  /** Nothing passes, though connections stay open and new ones are taken; then all of it does. */
  | "silence"
  /** Connections that are open lead nowhere from now on; new ones work. */
  | "half-open"
  /** Redis is emptied. */
  | "flush"
  /** Redis is killed, loses the end of its append-only file, and is started. */
  | "cut-aof"
  /** Redis dies and a replica that has not got its last writes takes over. */
  | "failover";

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly thing: Thing;
  /** After the step's first fault. */
  readonly afterMs: number;
  readonly lastsMs: number;
  /** What more a kind needs to know: a share of something, in [0, 1). */
  readonly share: number;
}

/** Faults that overlap, after a while without any. */
export interface Step {
  readonly quietMs: number;
  readonly faults: readonly PlannedFault[];
}

type Card = readonly [FaultKind, ServiceName | RoleName];

const onServices = ["kill", "pause", "latency", "drops", "silence", "half-open"] as const;
const onRedis = ["flush", "cut-aof", "failover"] as const;
/** Those that have a log of locks in their data directory. */
const onDisks = ["api", "controller"] as const;

const deck: readonly Card[] = [
  ...services.flatMap((name) => onServices.map((kind): Card => [kind, name])),
  ...roles.flatMap((role): Card[] => [
    ["kill", role],
    ["pause", role],
  ]),
  ...onRedis.map((kind): Card => [kind, "redis"]),
  ...onDisks.map((role): Card => ["disk-full", role]),
];

const companyShare = 0.45;
const moreCompanyShare = 0.3;
const longShare = 0.15;

/** Without end. `kinds` are those that this machine can do. */
export function* planOf(seed: number, kinds?: ReadonlySet<string>): Generator<Step> {
  const random = seededRandom(seed);
  const known = deck.filter(([kind]) => kinds?.has(kind) ?? true);
  const left: Card[] = [];
  const take = (fits: (card: Card) => boolean): Card | undefined => {
    if (left.length === 0) left.push(...shuffled(known, random));
    const at = left.findIndex(fits);
    return at < 0 ? undefined : left.splice(at, 1)[0];
  };
  for (;;) {
    const faults: PlannedFault[] = [];
    const quietMs = 500 + Math.floor(random() * 2_500);
    const company = random() < companyShare ? (random() < moreCompanyShare ? 2 : 1) : 0;
    for (let n = 0; n <= company; n += 1) {
      const card = take(([, at]) => faults.every(({ thing }) => !thing.startsWith(at)));
      if (card !== undefined) faults.push(drawn(card, n === 0, random));
    }
    yield { quietMs, faults };
  }
}

function drawn([kind, at]: Card, first: boolean, random: Random): PlannedFault {
  const slot = Math.floor(random() * perRole);
  const afterMs = Math.floor(random() * 3_000);
  const lastsMs = Math.floor(random() < longShare ? 7_000 + random() * 6_000 : random() * 6_000);
  return {
    kind,
    thing: isService(at) ? at : `${at}-${slot}`,
    afterMs: first ? 0 : afterMs,
    lastsMs,
    share: random(),
  };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(Math.floor(random() * rest.length), 1));
}

function isService(name: string): name is ServiceName {
  return (services as readonly string[]).includes(name);
}
