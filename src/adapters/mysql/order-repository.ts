/** The ledger and the orders in MySQL. */
import { epoch, type LockToken, type SaleId, units } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { SellingMode } from "../../domain/sale.ts";
import { present } from "../../lib/assert.ts";
import { err, ok } from "../../lib/result.ts";
import type { Fenced, OrderRepository } from "../../ports/order-repository.ts";
import { type LedgerColumns, toLedgerState } from "../shared/ledger-row.ts";
import { numberOf } from "./order-key.ts";
import { orderReads } from "./order-reads.ts";
import { placeIn } from "./place-orders.ts";
import type { Mysql } from "./pool.ts";
import { nowSql } from "./sale-repository.ts";
import type { Session } from "./session.ts";

interface RestockRow {
  readonly added: number;
  readonly version: number;
}

interface SellingRow {
  readonly mode: SellingMode;
}

export function mysqlOrderRepository(mysql: Mysql): OrderRepository {
  const place: OrderRepository["place"] = async (orders, now) =>
    orders.length === 0
      ? []
      : await mysql.transaction((session) => placeIn(session, orders, now), repeatable);

  const refuse: OrderRepository["refuse"] = (order, reason, now) =>
    mysql.transaction(async (session) => {
      const [result] = await placeIn(session, [order], now, reason);
      return present(result, "one order has one result");
    }, repeatable);

  const restock: OrderRepository["restock"] = (saleId, added, key) =>
    mysql.transaction(async (session) => {
      const sale = numberOf(saleId);
      const ledger = await locked(session, saleId);
      const [known] = await session.query<RestockRow[]>(restockSql, [sale, key]);
      if (known !== undefined && known.added !== added) return err("key-reused");
      if (known !== undefined) {
        return ok({ version: known.version, total: units(ledger.total), repeated: true });
      }
      const total = ledger.total + added;
      if (total > limits.stockMax) return err("over-limit");
      const version = ledger.version + 1;
      await session.query("UPDATE ledger SET total = ?, version = ? WHERE sale = ?", [
        total,
        version,
        sale,
      ]);
      await session.query("INSERT INTO restocks VALUES (?, ?, ?, ?)", [sale, key, added, version]);
      await session.query(`UPDATE sales SET updated_at = ${nowSql} WHERE number = ?`, [sale]);
      return ok({ version, total: units(total), repeated: false });
    }, repeatable);

  return { place, refuse, restock, ...epochs(mysql), ...orderReads(mysql) };
}

function epochs(
  mysql: Mysql,
): Pick<OrderRepository, "firstEpoch" | "nextEpoch" | "fence" | "ledger" | "switchTo"> {
  const set = (session: Session, saleId: SaleId, at: number, least: number) =>
    session.query("UPDATE ledger SET epoch = ?, min_epoch = ? WHERE sale = ?", [
      at,
      least,
      numberOf(saleId),
    ]);

  return {
    firstEpoch: (saleId) =>
      mysql.transaction(async (session) => {
        const ledger = await locked(session, saleId);
        if (ledger.epoch > 0) return null;
        await set(session, saleId, 1, 1);
        return fenced(ledger, 1);
      }),
    nextEpoch: (saleId, token) =>
      mysql.transaction(async (session) => {
        const ledger = await locked(session, saleId);
        if (token !== undefined && !(await controls(session, saleId, token))) {
          return err("stale-token");
        }
        await set(session, saleId, ledger.epoch + 1, ledger.min_epoch);
        return ok(epoch(ledger.epoch + 1));
      }),
    fence: (saleId, at) =>
      mysql.transaction(async (session) => {
        const ledger = await locked(session, saleId);
        if (ledger.min_epoch > at) return err("stale-epoch");
        await set(session, saleId, Math.max(at, ledger.epoch), at);
        return ok(fenced(ledger, at));
      }),
    switchTo: (saleId, at, mode) =>
      mysql.transaction(async (session) => {
        const sale = numberOf(saleId);
        if ((await locked(session, saleId)).epoch !== at) return err("stale-epoch");
        const [before] = await session.query<SellingRow[]>(sellingSql, [sale]);
        await session.query(modeSql, [sale, mode, mode]);
        await session.query(`UPDATE sales SET updated_at = ${nowSql} WHERE number = ?`, [sale]);
        return ok(before?.mode ?? "stock");
      }),
    ledger: (saleId) =>
      mysql.use(async (session) => {
        const sql = "SELECT total, sold, version, epoch, min_epoch FROM ledger WHERE sale = ?";
        const [row] = await session.query<LedgerColumns[]>(sql, [numberOf(saleId)]);
        return row === undefined ? null : toLedgerState(row);
      }),
  };
}

/** Remembers a controller's token, unless there was a higher one. The ledger is locked. */
async function controls(session: Session, saleId: SaleId, token: LockToken): Promise<boolean> {
  const sale = numberOf(saleId);
  const highest = "SELECT token FROM controllers WHERE sale = ?";
  const [known] = await session.query<{ readonly token: number }[]>(highest, [sale]);
  if (known !== undefined && known.token > token) return false;
  await session.query("REPLACE INTO controllers VALUES (?, ?)", [sale, token]);
  return true;
}

async function locked(session: Session, saleId: SaleId): Promise<LedgerColumns> {
  const sql = "SELECT * FROM ledger WHERE sale = ? FOR UPDATE";
  const [row] = await session.query<LedgerColumns[]>(sql, [numberOf(saleId)]);
  return present(row, `sale ${saleId} has no ledger`);
}

function fenced({ total, sold, version }: LedgerColumns, at: number): Fenced {
  const snapshot = { total: units(total), sold: units(sold), ledgerVersion: version };
  return { epoch: epoch(at), snapshot };
}

/** By the order's id, or the restock's key, what was done before is recognised. */
const repeatable = { repeatable: true };

const sellingSql = "SELECT mode FROM selling WHERE sale = ?";
const modeSql = "INSERT INTO selling (sale, mode) VALUES (?, ?) ON DUPLICATE KEY UPDATE mode = ?";

const restockSql = "SELECT added, version FROM restocks WHERE sale = ? AND request_key = ?";
