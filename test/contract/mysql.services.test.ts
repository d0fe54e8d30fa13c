/** The repositories' contracts on a real MySQL or MariaDB. */
import { mysqlAdmissionRepository } from "../../src/adapters/mysql/admission-repository.ts";
import { mysqlLedgerStock } from "../../src/adapters/mysql/ledger-stock.ts";
import { mysqlOrderRepository } from "../../src/adapters/mysql/order-repository.ts";
import { mysqlSaleRepository } from "../../src/adapters/mysql/sale-repository.ts";
import { mysqlHarness } from "../support/mysql-harness.ts";
import { admissionRepositoryContract } from "./admission-repository.ts";
import { ledgerStockContract } from "./ledger-stock.ts";
import { orderRepositoryContract } from "./order-repository.ts";
import { saleRepositoryContract } from "./sale-repository.ts";

orderRepositoryContract("MySQL", async () => {
  const { mysql, close } = await mysqlHarness();
  return { orders: mysqlOrderRepository(mysql), sales: mysqlSaleRepository(mysql), close };
});

ledgerStockContract("MySQL", async () => {
  const { mysql, close } = await mysqlHarness();
  const [sales, orders] = [mysqlSaleRepository(mysql), mysqlOrderRepository(mysql)];
  return { stock: mysqlLedgerStock(mysql), sales, orders, close };
});

saleRepositoryContract("MySQL", async () => {
  const { mysql, close } = await mysqlHarness();
  return { sales: mysqlSaleRepository(mysql), orders: mysqlOrderRepository(mysql), close };
});

admissionRepositoryContract("MySQL", async () => {
  const { mysql, close } = await mysqlHarness();
  return { settings: mysqlAdmissionRepository(mysql), close };
});
