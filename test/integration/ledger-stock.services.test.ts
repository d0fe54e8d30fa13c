/** What the network and a dying server may do to a sale that is sold from MySQL, and that nothing
 * is oversold, lost or doubled by it. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { type TcpProxy, tcpProxy } from "../../scripts/support/tcp-proxy.ts";
import { mysqlLedgerStock } from "../../src/adapters/mysql/ledger-stock.ts";
import { mysqlOrderRepository } from "../../src/adapters/mysql/order-repository.ts";
import { type Mysql, openMysql } from "../../src/adapters/mysql/pool.ts";
import { mysqlSaleRepository } from "../../src/adapters/mysql/sale-repository.ts";
import { instant, type OrderId, units } from "../../src/domain/ids.ts";
import type { ReserveOutcome, ReserveRequest } from "../../src/domain/reservation.ts";
import type { Sale } from "../../src/domain/sale.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import type { StockStore } from "../../src/ports/stock-store.ts";
import { request, terms } from "../support/builders.ts";
import { type MysqlHarness, mysqlHarness } from "../support/mysql-harness.ts";
import { privateMariadb } from "../support/private-mariadb.ts";

setDefaultTimeout(90_000);

let server: Awaited<ReturnType<typeof privateMariadb>>;
let harness: MysqlHarness;
let proxy: TcpProxy;
/** Through the proxy. */
let remote: Mysql;

beforeEach(async () => {
  server = await privateMariadb();
  harness = await mysqlHarness({ server: server.url });
  const url = new URL(harness.url);
  proxy = await tcpProxy(Number(url.port));
  url.port = String(proxy.port);
  remote = openMysql({ url: url.href, connections: 4 });
});
afterEach(async () => {
  proxy.close();
  await remote.close();
  await harness.close();
  await server.stop();
});

async function openSale(stock: number): Promise<Sale> {
  const sales = mysqlSaleRepository(harness.mysql);
  const offer = terms({ strategy: "database", stock: units(stock) });
  const created = await sales.create(offer, instant(9_000));
  await mysqlOrderRepository(harness.mysql).firstEpoch(created.id);
  const opened = await sales.update({ ...created, state: "open", version: 2 });
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
}

/** Does something between the work of a transaction and its commit. */
function beforeCommit(mysql: Mysql, act: () => void): Mysql {
  const transaction: Mysql["transaction"] = (work, options) =>
    mysql.transaction(async (session) => {
      const result = await work(session);
      act();
      return result;
    }, options);
  return { ...mysql, transaction };
}

test("a commit without an answer leaves the outcome open; a retry finds the order", async () => {
  const sale = await openSale(5);
  const stock = mysqlLedgerStock(beforeCommit(remote, () => proxy.behave("deaf")));
  const unknown = stock.reserve(sale.id, 0, [request({})]);
  await expect(unknown).rejects.toBeInstanceOf(ServiceUnavailable);
  proxy.behave("open");
  const again = await mysqlLedgerStock(remote).reserve(sale.id, 0, [request({})]);
  expect(again.ok && again.value.outcomes).toMatchObject([{ kind: "same", pending: false }]);
  const { ledger } = mysqlOrderRepository(harness.mysql);
  expect(await ledger(sale.id)).toMatchObject({ sold: 1 });
});

test("a server that goes away before the commit has sold nothing, which is said", async () => {
  const sale = await openSale(5);
  await mysqlLedgerStock(remote).level(sale.id);
  proxy.behave("refusing");
  const answer = await mysqlLedgerStock(remote).reserve(sale.id, 0, [request({})]);
  expect(answer.ok ? "" : answer.error.code).toBe("stock-unavailable");
  proxy.behave("open");
  const { ledger } = mysqlOrderRepository(harness.mysql);
  expect(await ledger(sale.id)).toMatchObject({ sold: 0 });
});

test("every unit is sold once while the server is killed again and again", async () => {
  const sale = await openSale(500);
  const stock = mysqlLedgerStock(harness.mysql);
  const orders = new Set<OrderId>();
  let failures = 0;
  for (let round = 0; round < 60; round += 1) {
    const requests = Array.from({ length: 10 }, (_, n) => request({ buyer: `b${round}-${n}` }));
    const selling = insist(stock, sale, requests, () => {
      failures += 1;
    });
    const back = round % 20 === 10 ? server.killAndStart() : null;
    for (const one of await selling) {
      if (one.kind === "reserved") orders.add(one.order.orderId);
      if (one.kind === "same") orders.add(one.orderId);
    }
    await back;
  }
  expect(failures).toBeGreaterThan(0);
  expect(orders.size).toBe(500);
  const audit = await mysqlOrderRepository(harness.mysql).audit(sale.id, [...orders]);
  const counts = { sold: 500, placed: 500, orders: 500, refused: 0, duplicates: 0 };
  expect(audit).toMatchObject({ ...counts, overLimitBuyers: 0 });
  expect(audit.known).toHaveLength(500);
});

/** Asks, with the same keys, until there is an answer. */
async function insist(
  stock: StockStore,
  { id }: Sale,
  requests: readonly ReserveRequest[],
  failed: () => void,
): Promise<readonly ReserveOutcome[]> {
  for (;;) {
    const answer = await stock.reserve(id, 0, requests).catch((reason) => {
      if (reason instanceof ServiceUnavailable) return null;
      throw reason;
    });
    if (answer?.ok) return answer.value.outcomes;
    failed();
    await Bun.sleep(50);
  }
}
