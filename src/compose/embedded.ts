/** The engine on its embedded stores: one process, one data directory, every role. */
import { embeddedAdmissionRepository } from "../adapters/embedded/admission-repository.ts";
import {
  type DataDirectory,
  damageFound,
  openDataDirectory,
} from "../adapters/embedded/data-directory.ts";
import type { Database } from "../adapters/embedded/database.ts";
import { embeddedLease } from "../adapters/embedded/lease.ts";
import { embeddedLedgerStock } from "../adapters/embedded/ledger-stock.ts";
import { orderIndex } from "../adapters/embedded/order-index.ts";
import { embeddedOrderLog } from "../adapters/embedded/order-log.ts";
import { embeddedOrderRepository } from "../adapters/embedded/order-repository.ts";
import { embeddedRateLimiter } from "../adapters/embedded/rate-limiter.ts";
import { embeddedSaleRepository } from "../adapters/embedded/sale-repository.ts";
import { embeddedStockStore } from "../adapters/embedded/stock-store.ts";
import { systemClock } from "../adapters/shared/system-clock.ts";
import { roleNames } from "../config/schema.ts";
import type { Config } from "../config/validate.ts";
import { createHealth } from "../observability/health.ts";
import { createMetrics } from "../observability/metrics.ts";
import type { Clock } from "../ports/clock.ts";
import { apiRole } from "../roles/api.ts";
import { controllerRole } from "../roles/controller.ts";
import { directoryRole } from "../roles/directory.ts";
import { ordersGroup, ordersRole } from "../roles/orders.ts";
import { type Role, type RoleLog, stopAll } from "../roles/role.ts";
import { admissionDirectory } from "../usecases/admission-directory.ts";
import { confirmedModes } from "../usecases/confirmed-modes.ts";
import { purchaseBatches } from "../usecases/purchase-batches.ts";
import { recover } from "../usecases/recover.ts";
import { routedStock } from "../usecases/routed-stock.ts";
import { saleDirectory } from "../usecases/sale-directory.ts";
import type { Engine, Started } from "./engine.ts";
import { composePublicKeys } from "./public-keys.ts";
import { advised, StartupError } from "./startup-error.ts";

/** Every use case's dependencies, on one open database. */
export function embeddedStores(database: Database, clock: Clock) {
  const index = orderIndex(database);
  const sales = embeddedSaleRepository(database);
  const inMemory = embeddedStockStore({ index, clock, failure: database.failure });
  const log = embeddedOrderLog(database, clock);
  const directory = saleDirectory(sales);
  const ledger = embeddedLedgerStock({ database, index, clock });
  const modes = confirmedModes({ sales, clock });
  const stock = routedStock({
    stock: inMemory,
    ledger,
    find: directory.find,
    read: sales.byId,
    modes,
  });
  const { applied } = directory;
  const lease = embeddedLease(database);
  const admissionSettings = embeddedAdmissionRepository(database);
  return {
    sales,
    orders: embeddedOrderRepository(database, index),
    stock,
    log,
    directory,
    modes,
    stockFailure: () => null,
    limiter: embeddedRateLimiter(clock),
    admissionSettings,
    admission: admissionDirectory(admissionSettings),
    batches: purchaseBatches({ stock, modes, log, lease, clock, applied }),
    lease,
    clock,
  };
}

export async function composeEmbedded(config: Config, logger: RoleLog): Promise<Engine> {
  checkRoles(config.roles);
  const directory = opened(config.dataDir);
  const stores = await storesIn(directory, config.dataDir);
  const metrics = createMetrics({
    saleCache: stores.directory.counts,
    purchasesWaiting: stores.batches.waiting,
    ordersUnlogged: stores.batches.unlogged,
    lockedStock: stores.batches.locked,
    limiter: () => ({ calls: 0, failures: 0 }),
    logSessionsBroken: () => 0,
    logAssignments: () => 0,
  });
  const health = createHealth();
  health.watch("data directory", directory.database.failure);
  const { auth, cors, admission } = config;
  const { publicKeys, roles: keysRoles } = composePublicKeys(config, { ...stores, health, logger });
  const http = { auth, publicKeys, cors, trustedProxies: admission.trustedProxies };
  const app = { ...stores, ...http, random: Math.random, metrics, health, logger };
  const orders = ordersRole({ ...stores, placed: metrics.observePlacement, logger });
  const controller = controllerRole({
    ...stores,
    instance: "this",
    told: metrics.controller,
    logger,
  });
  const fresh = directoryRole({ ...stores, logger });
  const api = apiRole(app, config);
  const started: Role[] = [];

  async function start(): Promise<Started> {
    try {
      await startRole(orders);
      const recovered = await recover(stores, ordersGroup);
      logger.info({ ...recovered, salesLoaded: recovered.salesLoaded.length }, "recovered");
      await startRole(fresh);
      await startRole(controller);
      for (const role of keysRoles) await startRole(role);
      await startRole(api);
      return { url: api.url(), adminUrl: api.adminUrl(), recovered };
    } catch (reason) {
      await stop();
      throw advised(damageFound(config.dataDir, reason) ?? reason);
    }
  }

  async function startRole(role: Role): Promise<void> {
    await role.start();
    started.push(role);
  }

  async function stop(): Promise<void> {
    await stopAll(started, logger);
    await stores.batches.drained();
    await directory.close();
  }

  return { start, stop };
}

/** Embedded stores are seen by one process only, so nobody else could do what is left out. */
function checkRoles(roles: readonly string[]): void {
  const missing = roleNames.filter((role) => !roles.includes(role));
  if (missing.length === 0) return;
  const message = `the embedded stores live in one process, which needs every role; missing: `;
  const help = "Leave --roles out, or share the work with `stores.kind: clustered`.";
  throw new StartupError("roles-missing", message + missing.join(", "), help);
}

async function storesIn(directory: DataDirectory, path: string) {
  try {
    return embeddedStores(directory.database, systemClock);
  } catch (reason) {
    await directory.close();
    throw advised(damageFound(path, reason) ?? reason);
  }
}

function opened(path: string) {
  try {
    return openDataDirectory(path);
  } catch (reason) {
    throw advised(reason);
  }
}
