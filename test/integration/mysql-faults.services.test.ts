/** What MySQL, the network and other processes may do to a placement, and that nothing is lost,
 * doubled or oversold by it. On a server of the test's own. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mysqlOrderRepository } from "../../src/adapters/mysql/order-repository.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { mysqlSaleRepository } from "../../src/adapters/mysql/sale-repository.ts";
import type { Session } from "../../src/adapters/mysql/session.ts";
import { instant, saleIdOf, units } from "../../src/domain/ids.ts";
import type { Reservation } from "../../src/domain/reservation.ts";
import type { OrderRepository } from "../../src/ports/order-repository.ts";
import { ServiceUnavailable } from "../../src/ports/service-unavailable.ts";
import { reservation, terms } from "../support/builders.ts";
import { type MysqlHarness, mysqlHarness } from "../support/mysql-harness.ts";
import { privateMariadb } from "../support/private-mariadb.ts";

const saleId = saleIdOf(1);
const now = instant(9_000);
const patience = 60_000;

describe("placing orders in MySQL", () => {
  let server: Awaited<ReturnType<typeof privateMariadb>>;
  let harness: MysqlHarness;
  let orders: OrderRepository;

  beforeAll(async () => {
    server = await privateMariadb();
  }, patience);
  afterAll(() => server.stop(), patience);
  beforeEach(async () => {
    harness = await mysqlHarness({ server: server.url });
    orders = mysqlOrderRepository(harness.mysql);
    const sales = mysqlSaleRepository(harness.mysql);
    const offer = terms({ stock: units(900), perBuyerLimit: units(9) });
    for (const _ of [1, 2]) await sales.create(offer, now);
  }, patience);
  afterEach(async () => {
    server.thaw();
    await harness.close();
  }, patience);

  const expectSold = async (sold: number, refused = 0) => {
    const counts = { sold, placed: sold, orders: sold, refused, duplicates: 0, overLimitBuyers: 0 };
    expect(await orders.audit(saleId, [])).toMatchObject(counts);
  };

  test(
    "loses and doubles nothing when the server is killed and comes back",
    async () => {
      const batches = chunks(reservations(1_000), 25);
      let failures = 0;
      let back: Promise<void> | null = null;
      for (const [at, batch] of batches.entries()) {
        const placing = insist(() => orders.place(batch, now));
        if (at % 15 === 5) back = server.killAndStart();
        failures += (await placing).failures;
        await back;
      }
      expect(failures).toBeGreaterThan(0);
      await expectSold(900, 100);
    },
    patience,
  );

  test("goes on, unnoticed, when its connections are killed", async () => {
    const batches = chunks(reservations(800), 20);
    const placing = Promise.all(batches.map((batch) => orders.place(batch, now)));
    const killed = await harness.killConnections();
    await placing;
    expect(killed).toBeGreaterThan(0);
    await expectSold(800);
  });

  test(
    "answers every call while the server hangs, and works again when it goes on",
    async () => {
      const batches = chunks(reservations(400), 10);
      await orders.place(batches[0] ?? [], now);
      server.freeze();
      const calls = await Promise.allSettled(batches.map((batch) => orders.place(batch, now)));
      for (const call of calls) {
        expect(call.status === "rejected" && call.reason).toBeInstanceOf(ServiceUnavailable);
      }
      expect(harness.mysql.failure()).not.toBeNull();
      server.thaw();
      for (const batch of batches) await insist(() => orders.place(batch, now));
      expect(harness.mysql.failure()).toBeNull();
      await expectSold(400);
    },
    patience,
  );

  test(
    "decides each order once for two processes that get the same ones again and again",
    async () => {
      const all = reservations(1_000);
      const other = openMysql({ url: harness.url, connections: 4 });
      const both = [orders, mysqlOrderRepository(other)];
      const deliveries = Array.from({ length: 30 }, (_, n) => {
        const from = (n * 100) % 800;
        const batch = all.slice(from, from + 300);
        return n % 3 === 0 ? batch.reverse() : batch;
      });
      const results = await Promise.all(
        deliveries.map((batch, n) => both[n % 2]?.place(batch, now) ?? []),
      );
      const decided = results.flat().filter((result) => result.kind !== "duplicate");
      expect(decided).toHaveLength(1_000);
      expect(new Set(decided.map((result) => result.orderId)).size).toBe(1_000);
      await expectSold(900, 100);
      await other.close();
    },
    patience,
  );

  test("runs again when it is the victim of a deadlock", async () => {
    const rival = openMysql({ url: harness.url, connections: 1 });
    const lock = (session: Session, sale: number) =>
      session.query("SELECT * FROM ledger WHERE sale = ? FOR UPDATE", [sale]);
    const before = await deadlocks(harness);
    const { placing } = await rival.transaction(async (session) => {
      // The server sacrifices who has changed less.
      await session.query("INSERT INTO restocks SELECT 9, seq, 1, 1 FROM seq_1_to_50");
      await lock(session, 2);
      const placing = orders.place([...reservations(3), ...reservations(3, 2)], now);
      await untilWaiting(harness);
      await lock(session, 1);
      return { placing };
    });
    const results = await placing;
    expect(results.map((result) => result.kind)).toEqual(Array.from({ length: 6 }, () => "placed"));
    expect(await deadlocks(harness)).toBeGreaterThan(before);
    await rival.close();
  });

  test(
    "outlasts a process that froze while it held the ledger",
    async () => {
      const frozen = openMysql({ url: harness.url, connections: 1 });
      const locked = Promise.withResolvers<void>();
      const thawed = Promise.withResolvers<void>();
      const stuck = frozen.transaction(async (session) => {
        await session.query("SELECT * FROM ledger WHERE sale = 1 FOR UPDATE");
        locked.resolve();
        await thawed.promise;
        await session.query("UPDATE ledger SET sold = 900 WHERE sale = 1");
      });
      stuck.catch(() => undefined);
      await locked.promise;
      await orders.place(reservations(10), now);
      await expectSold(10);
      await frozen.close();
      thawed.resolve();
      await expect(stuck).rejects.toThrow();
      await expectSold(10);
    },
    patience,
  );
});

/** Orders of as many buyers as it takes, so that nobody meets the limit. */
function reservations(count: number, sale = 1): Reservation[] {
  return Array.from({ length: count }, (_, n) =>
    reservation({ sale, sequence: n, buyer: `b${n % 300}`, key: `${n}`, at: 1_000 + n }),
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** Tries until the service is there. */
async function insist<T>(attempt: () => Promise<T>): Promise<{ value: T; failures: number }> {
  for (let failures = 0; ; failures += 1) {
    try {
      return { value: await attempt(), failures };
    } catch (reason) {
      if (!(reason instanceof ServiceUnavailable)) throw reason;
      await Bun.sleep(50);
    }
  }
}

/** Until somebody waits for a lock. By a counter: `innodb_trx` shows nothing new to who looks more
 * often than ten times a second. */
async function untilWaiting(harness: MysqlHarness): Promise<void> {
  while ((await status(harness, "Innodb_row_lock_current_waits")) === 0) await Bun.sleep(10);
}

const deadlocks = (harness: MysqlHarness) => status(harness, "Innodb_deadlocks");

async function status({ mysql }: MysqlHarness, name: string): Promise<number> {
  const sql = "SHOW GLOBAL STATUS LIKE ?";
  const [row] = await mysql.use((session) => session.query<{ Value: string }[]>(sql, [name]));
  return Number(row?.Value);
}
