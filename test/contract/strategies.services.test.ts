/** The contract suite of the strategies on a real Redis, a real etcd and a real MySQL. */
import { afterAll, beforeAll } from "bun:test";
import { mysqlLedgerStock } from "../../src/adapters/mysql/ledger-stock.ts";
import { mysqlOrderRepository } from "../../src/adapters/mysql/order-repository.ts";
import { mysqlSaleRepository } from "../../src/adapters/mysql/sale-repository.ts";
import { openRedis } from "../../src/adapters/redis/connection.ts";
import { systemClock } from "../../src/adapters/shared/system-clock.ts";
import { instant, saleIdOf } from "../../src/domain/ids.ts";
import { settingsOf } from "../../src/domain/reservation.ts";
import type { Sale } from "../../src/domain/sale.ts";
import { purchaseBatches } from "../../src/usecases/purchase-batches.ts";
import { sale as aSale, terms } from "../support/builders.ts";
import { etcdLeases } from "../support/etcd-leases.ts";
import { mysqlHarness } from "../support/mysql-harness.ts";
import { redisStockHarness } from "../support/redis-stock.ts";
import { etcdUrl, redisUrl } from "../support/services.ts";
import { loadStock } from "../support/stock.ts";
import { type StrategyHarness, strategyContract } from "./strategies.ts";

const connection = openRedis(redisUrl);
beforeAll(() => connection.ready(5_000));
afterAll(() => connection.close());

async function onServices(): Promise<StrategyHarness> {
  const { stock, close } = redisStockHarness(connection);
  const leases = etcdLeases(etcdUrl);
  const applied = () => undefined;
  const log = { append: () => Promise.reject(new Error("nothing is appended")) };
  let sales = 0;
  return {
    openSale: async (terms) => {
      sales += 1;
      const opened = aSale({ ...terms, id: saleIdOf(sales), state: "open" });
      await loadStock(stock, opened.id, { total: opened.stock, settings: settingsOf(opened) });
      return opened;
    },
    process: () =>
      purchaseBatches({ stock, log, lease: leases.open(), clock: systemClock, applied }),
    pause: (sale) =>
      stock.configure(sale.id, { ...settingsOf(sale), state: "paused", version: sale.version + 1 }),
    level: ({ id }) => stock.level(id),
    close: async () => {
      await leases.close();
      await close();
    },
  };
}

strategyContract("Redis and etcd", "atomic", onServices);
strategyContract("Redis and etcd", "locked", onServices);

async function onMysql(): Promise<StrategyHarness> {
  const { mysql, close } = await mysqlHarness();
  const [sales, orders] = [mysqlSaleRepository(mysql), mysqlOrderRepository(mysql)];
  const stock = mysqlLedgerStock(mysql);
  const leases = etcdLeases(etcdUrl);
  const applied = () => undefined;
  const log = { append: () => Promise.reject(new Error("nothing is appended")) };
  const become = async (sale: Sale, state: Sale["state"]) => {
    const changed = await sales.update({ ...sale, state, version: sale.version + 1 });
    if (!changed.ok) throw new Error(changed.error);
    return changed.value;
  };
  return {
    openSale: async (over) => {
      const created = await sales.create(terms(over), instant(Date.now()));
      await orders.firstEpoch(created.id);
      return become(created, "open");
    },
    process: () =>
      purchaseBatches({ stock, log, lease: leases.open(), clock: systemClock, applied }),
    pause: async (sale) => void (await become(sale, "paused")),
    level: ({ id }) => stock.level(id),
    close: async () => {
      await leases.close();
      await close();
    },
  };
}

strategyContract("MySQL", "database", onMysql);
