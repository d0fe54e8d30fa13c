/** The contract suites on the embedded adapters. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedAdmissionRepository } from "../../src/adapters/embedded/admission-repository.ts";
import { openDataDirectory } from "../../src/adapters/embedded/data-directory.ts";
import { embeddedLease } from "../../src/adapters/embedded/lease.ts";
import { embeddedLedgerStock } from "../../src/adapters/embedded/ledger-stock.ts";
import { orderIndex } from "../../src/adapters/embedded/order-index.ts";
import { embeddedOrderLog } from "../../src/adapters/embedded/order-log.ts";
import { embeddedOrderRepository } from "../../src/adapters/embedded/order-repository.ts";
import { embeddedRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { embeddedSaleRepository } from "../../src/adapters/embedded/sale-repository.ts";
import { embeddedStockStore } from "../../src/adapters/embedded/stock-store.ts";
import { instant, units } from "../../src/domain/ids.ts";
import { terms, virtualClock } from "../support/builders.ts";
import { admissionRepositoryContract } from "./admission-repository.ts";
import { leaseContract } from "./lease.ts";
import { ledgerStockContract } from "./ledger-stock.ts";
import { orderLogContract } from "./order-log.ts";
import { orderRepositoryContract } from "./order-repository.ts";
import { rateLimiterContract } from "./rate-limiter.ts";
import { saleRepositoryContract } from "./sale-repository.ts";
import { stockStoreContract } from "./stock-store.ts";

function openTemporary() {
  const path = mkdtempSync(join(tmpdir(), "doorbuster-contract-"));
  let directory = openDataDirectory(path);
  return {
    database: () => directory.database,
    reopen: async () => {
      await directory.close();
      directory = openDataDirectory(path);
    },
    close: async () => {
      await directory.close();
      rmSync(path, { recursive: true });
    },
  };
}

stockStoreContract("embedded", async () => {
  const { database, close } = openTemporary();
  const clock = virtualClock(0);
  const index = orderIndex(database());
  const orders = embeddedOrderRepository(database(), index);
  await embeddedSaleRepository(database()).create(terms({ perBuyerLimit: units(9) }), instant(0));
  return {
    stock: embeddedStockStore({ index, clock, failure: database().failure }),
    place: async (reservations) => {
      await orders.place(reservations, clock.now());
    },
    setTime: async (ms) => clock.set(ms),
    close,
  };
});

orderLogContract("embedded", async () => {
  const { database, reopen, close } = openTemporary();
  const clock = virtualClock(0);
  let log = embeddedOrderLog(database(), clock);
  return {
    get log() {
      return log;
    },
    now: clock.now,
    clockToleranceMs: 0,
    passTime: async (ms) => clock.advance(ms),
    trims: true,
    reopen: async () => {
      await reopen();
      log = embeddedOrderLog(database(), clock);
    },
    close,
  };
});

orderRepositoryContract("embedded", async () => {
  const { database, close } = openTemporary();
  const index = orderIndex(database());
  const orders = embeddedOrderRepository(database(), index);
  return { orders, sales: embeddedSaleRepository(database()), close };
});

ledgerStockContract("embedded", async () => {
  const { database, close } = openTemporary();
  const index = orderIndex(database());
  return {
    stock: embeddedLedgerStock({ database: database(), index, clock: virtualClock(0) }),
    orders: embeddedOrderRepository(database(), index),
    sales: embeddedSaleRepository(database()),
    close,
  };
});

saleRepositoryContract("embedded", async () => {
  const { database, close } = openTemporary();
  const orders = embeddedOrderRepository(database(), orderIndex(database()));
  return { sales: embeddedSaleRepository(database()), orders, close };
});

admissionRepositoryContract("embedded", async () => {
  const { database, close } = openTemporary();
  return { settings: embeddedAdmissionRepository(database()), close };
});

leaseContract("embedded", async () => {
  const { database, close } = openTemporary();
  return { lease: embeddedLease(database()), close };
});

rateLimiterContract("embedded", () => {
  const clock = virtualClock(0);
  return {
    limiter: embeddedRateLimiter(clock),
    setTime: (ms) => clock.set(ms),
    close: async () => undefined,
  };
});
