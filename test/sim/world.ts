/** Everything that there is in one run. */
import type { Instant, SaleId } from "../../src/domain/ids.ts";
import { instant } from "../../src/domain/ids.ts";
import { type LockWatch, lockWatch } from "./checks/lock-watch.ts";
import { type StockWatch, stockWatch } from "./checks/stock-watch.ts";
import { beginMs, type Host, host } from "./engine/host.ts";
import { type Network, network } from "./engine/network.ts";
import { type Random, random } from "./engine/random.ts";
import { type Scheduler, scheduler } from "./engine/scheduler.ts";
import type { Plan } from "./plan.ts";
import { type Process, type RoleName, simProcess } from "./processes.ts";
import { type SimRedis, simRedis } from "./redis/server.ts";
import { type SimEtcd, simEtcd } from "./services/etcd.ts";
import { type LedgerTables, ledgerTables } from "./services/ledger-tables.ts";
import { type LockDisk, lockDisk } from "./services/lock-disk.ts";
import { type SimLog, simLog } from "./services/log.ts";
import type { RedisNodes } from "./services/redis-node.ts";

/** A promise that was broken. */
export interface Violation {
  /** Which one: the same for every run in which it is broken. */
  readonly promise: string;
  readonly detail: string;
  readonly atMs: number;
}

export interface World {
  readonly plan: Plan;
  readonly time: Scheduler;
  readonly net: Network;
  readonly chance: Random;
  readonly redis: RedisNodes;
  readonly tables: LedgerTables;
  readonly ledgerNow: () => Instant;
  readonly log: SimLog;
  readonly etcd: SimEtcd;
  readonly processes: readonly Process[];
  readonly locks: LockWatch;
  readonly stock: StockWatch;
  /** The sales of the plan, by their places there, once they exist. */
  readonly saleIds: Map<number, SaleId>;
  readonly diskOf: (host: string) => LockDisk;
  /** An operator would be woken. */
  readonly alarmed: (message: string, fields: object) => void;
  /** Sales that admins added units to, of which nobody knows whether the stock has heard. */
  readonly halfRestocked: Set<SaleId>;
  /** Adds to the trace, if there is one. */
  readonly note: (line: () => string) => void;
  readonly violated: (promise: string, detail: string) => void;
  readonly violation: () => Violation | null;
  /** A number that differs if anything happened otherwise. */
  readonly digest: () => number;
}

export interface WorldOptions {
  /** Hears the lines of the trace. */
  readonly trace?: (line: string) => void;
}

export function world(plan: Plan, { trace }: WorldOptions): World {
  const chance = random(plan.seed);
  let violation: Violation | null = null;
  let digest = 0;
  const time = scheduler(() => self.stock.settle());
  const note: World["note"] = (line) => trace?.(`${time.now().toFixed(3).padStart(11)}  ${line()}`);
  const net = network(time, plan.manners, (from, service, what) => {
    digest = (Math.imul(digest, 31) + from.length + service.length * 7 + time.now() * 1_000) | 0;
    note(() => `${from} → ${service}  ${what()}`);
  });
  const tables = ledgerTables();
  const servers: SimRedis[] = Array.from({ length: plan.shape.redisNodes }, simRedis);
  const disks = new Map<string, LockDisk>();

  const violated: World["violated"] = (promise, detail) => {
    violation ??= { promise, detail, atMs: time.now() };
    note(() => `VIOLATION ${promise}: ${detail}`);
  };
  const locks = lockWatch(violated);
  const stock = stockWatch({ servers, tables, time, violated });
  const nodes: RedisNodes = {
    servers,
    of: (key) => serverOf(key, servers.length),
    watch: stock.watch,
  };

  const self: World = {
    ...{ plan, time, net, chance, tables, locks, stock, note, violated },
    redis: nodes,
    ledgerNow: () => instant(Math.floor(beginMs + time.now() + 37)),
    log: simLog(time, net, plan.shape.partitions),
    etcd: simEtcd(time, net),
    processes: [],
    saleIds: new Map(),
    halfRestocked: new Set(),
    alarmed: (message, fields) => {
      const { saleId } = fields as { readonly saleId?: SaleId };
      if (saleId !== undefined && self.halfRestocked.has(saleId)) return;
      violated("nobody is woken", `${message} ${JSON.stringify(fields)}`);
    },
    diskOf: (name) => {
      const disk = disks.get(name) ?? lockDisk(name, time);
      disks.set(name, disk);
      return disk;
    },
    violation: () => violation,
    digest: () => digest,
  };
  return Object.assign(self, { processes: processesIn(self, plan) });
}

function processesIn(self: World, { shape }: Plan): Process[] {
  const counts = { api: shape.apis, orders: shape.orders, controller: shape.controllers };
  const hostOf = (name: string): Host => host(name, self.time, self.chance.stream(name));
  return (Object.keys(counts) as RoleName[]).flatMap((role) =>
    Array.from({ length: counts[role] }, (_, at) =>
      simProcess(self, role, hostOf(`${role}-${at}`)),
    ),
  );
}

/** By what stands in the key's hash tag, as a cluster does. */
function serverOf(key: string, servers: number): number {
  if (servers === 1) return 0;
  const [, bucket = "0"] = /:(\d+)\}/.exec(key) ?? [];
  return Number(bucket) % servers;
}
