/** What a process with shared stores works with: how it knows the sales, and where it takes the
 *  units of each from. */
import { singleFlight } from "../lib/single-flight.ts";
import type { Clock } from "../ports/clock.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { OrderRepository } from "../ports/order-repository.ts";
import type { SaleRepository } from "../ports/sale-repository.ts";
import type { StockStore } from "../ports/stock-store.ts";
import { confirmedModes } from "../usecases/confirmed-modes.ts";
import { routedStock } from "../usecases/routed-stock.ts";
import { saleDirectory } from "../usecases/sale-directory.ts";

export interface SharedPorts<Log extends OrderLog> {
  readonly clock: Clock;
  readonly sales: SaleRepository;
  readonly orders: OrderRepository;
  readonly stock: StockStore;
  /** The ledger, as stock. */
  readonly ledgerStock: StockStore;
  /** Why the stock cannot be reached just now, or null. */
  readonly stockFailure: () => string | null;
  readonly log: Log;
}

export function sharedStores<Log extends OrderLog>(ports: SharedPorts<Log>) {
  const { clock, sales, orders, ledgerStock, stockFailure, log } = ports;
  const directory = saleDirectory(sales);
  const modes = confirmedModes({ sales, clock });
  const routed = routedStock({
    modes,
    stock: ports.stock,
    ledger: ledgerStock,
    find: directory.find,
    read: sales.byId,
  });
  // Everybody who looks at a sale asks for its level: one question serves all who wait.
  const stock = { ...routed, level: singleFlight(routed.level) };
  return { sales, orders, stock, log, directory, modes, stockFailure, clock };
}
