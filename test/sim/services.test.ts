// What the simulated services promise is what the real ones do: the same suites hold on them.
import { instant } from "../../src/domain/ids.ts";
import { ledgerStockContract } from "../contract/ledger-stock.ts";
import { orderRepositoryContract } from "../contract/order-repository.ts";
import { saleRepositoryContract } from "../contract/sale-repository.ts";
import { atOnce, ledgerPorts } from "./services/ledger.ts";
import { ledgerTables } from "./services/ledger-tables.ts";

async function ledger() {
  const ports = ledgerPorts(ledgerTables(), atOnce, () => instant(Date.now()));
  return { ...ports, stock: ports.ledgerStock, close: async () => undefined };
}

orderRepositoryContract("simulated", ledger);
saleRepositoryContract("simulated", ledger);
ledgerStockContract("simulated", ledger);
