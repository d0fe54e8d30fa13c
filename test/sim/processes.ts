/** Our processes as they are composed for shared stores, with the simulated services behind their
 *  ports. */

import { embeddedRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { leaseRecipe } from "../../src/adapters/etcd/lease.ts";
import { redisStockStore } from "../../src/adapters/redis/stock-store.ts";
import { sharedStores } from "../../src/compose/shared-stores.ts";
import type { Lease } from "../../src/ports/lease.ts";
import type { OrderLog } from "../../src/ports/order-log.ts";
import { controllerRole } from "../../src/roles/controller.ts";
import { directoryRole } from "../../src/roles/directory.ts";
import { ordersRole } from "../../src/roles/orders.ts";
import type { Role, RoleLog } from "../../src/roles/role.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import type { Host, Life } from "./engine/host.ts";
import { ledgerPorts } from "./services/ledger.ts";
import { asked } from "./services/log.ts";
import { redisConnection } from "./services/redis-node.ts";
import type { World } from "./world.ts";

export type RoleName = "api" | "orders" | "controller";

export type Stores = ReturnType<typeof storesOf>;

export interface Running {
  readonly life: Life;
  readonly stores: Stores;
}

export interface Process {
  readonly role: RoleName;
  readonly host: Host;
  /** Its life and what it works with, or null while it is dead. */
  running(): Running | null;
  start(): void;
  /** Ends its life at once. */
  kill(): void;
  /** An orderly end. */
  stop(): Promise<void>;
}

const redisPrefix = "sim:";
const lockPrefix = "locks/";
const ttlSeconds = 3;
const ledgerMs = 1_500;

export function simProcess(world: World, role: RoleName, host: Host): Process {
  let running: Running | null = null;
  let roles: readonly Role[] = [];

  function start(): void {
    if (running !== null) return;
    const life = host.start();
    const stores = storesOf(world, life, role);
    running = { life, stores };
    roles = rolesOf(world, life, role, stores);
    for (const one of roles) void one.start();
  }

  function kill(): void {
    host.kill();
    running = null;
  }

  /** Its clients hear no more of it; what is under way ends well. */
  async function stop(): Promise<void> {
    const ending = running;
    running = null;
    if (ending === null) return;
    for (const one of [...roles].reverse()) await one.stop();
    await ending.stores.batches.drained();
    await ending.stores.lease.close();
    if (running === null && ending.life.alive()) host.kill();
  }

  return { role, host, running: () => running, start, kill, stop };
}

/** As `composeClustered` does it. */
function storesOf(world: World, life: Life, role: RoleName) {
  const { net, time } = world;
  const ask = <T>(work: () => T) => asked(net.request(life, "ledger", ledgerMs, work));
  const connection = redisConnection(life, net, time, world.redis);
  const found = sharedStores<OrderLog>({
    clock: life.clock,
    ...ledgerPorts(world.tables, ask, world.ledgerNow),
    stock: redisStockStore({ connection, prefix: redisPrefix }),
    stockFailure: connection.failure,
    log: world.log.portOf(life),
  });
  const locks = locksOf(world, life, role);
  const { applied } = found.directory;
  const batches = purchaseBatches({ ...found, ...locks, applied });
  return { ...found, ...locks, batches };
}

function locksOf(world: World, life: Life, role: RoleName): { lease: Lease; instance: string } {
  if (role === "orders") return { lease: noLocks, instance: "" };
  const { etcd, locks } = world;
  const wal = world.diskOf(life.host.name).open(life);
  const { host, clock } = life;
  const uuid = () => host.chance.next().toString(16).slice(2).padEnd(12, "0");
  const parts = { client: etcd.clientOf(life), watch: etcd.watchOf(life), clock, uuid };
  const options = { prefix: lockPrefix, ttlSeconds, generation: 0, wal };
  const lease = leaseRecipe(options, parts);
  return { lease: locks.exclusive(life, lease), instance: wal.instance };
}

function rolesOf(world: World, life: Life, role: RoleName, stores: Stores): Role[] {
  const logger = loggerOf(world, life);
  const admission = { refresh: async () => undefined };
  const directory = directoryRole({ ...stores, admission, logger });
  if (role === "orders")
    return [ordersRole({ ...stores, placed: () => undefined, logger }), directory];
  if (role === "api") return [directory];
  const limiter = embeddedRateLimiter(life.clock);
  return [controllerRole({ ...stores, limiter, told: unheard, logger }), directory];
}

function loggerOf({ note, alarmed }: World, { host }: Life): RoleLog {
  const say = (fields: object, message: string) =>
    note(() => `${host.name}: ${message} ${JSON.stringify(fields, readable)}`);
  const error: RoleLog["error"] = (fields, message) => {
    say(fields, message);
    alarmed(message, fields);
  };
  return { info: say, warn: say, error };
}

const readable = (_: string, value: unknown) =>
  value instanceof Error ? `${value.name}: ${value.message}` : value;

const ignore = () => undefined;
const unheard = {
  ...{ swept: ignore, rebuilt: ignore, overtaken: ignore },
  ...{ mended: ignore, uneven: ignore, holding: ignore, adapted: ignore },
};

const none = () => Promise.reject(new Error("this process takes no locks"));
const noLocks: Lease = { acquire: none, list: none, failure: () => null, close: async () => {} };
