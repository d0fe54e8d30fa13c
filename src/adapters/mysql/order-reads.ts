/** Reading orders: by id, by buyer, by sale, and the audit's counts from one snapshot. */
import {
  type BuyerId,
  instant,
  type OrderId,
  type RequestKey,
  type SaleId,
  type Units,
  units,
} from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Order, RefusalReason } from "../../domain/order.ts";
import type { HeldOrder } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import { microBatch } from "../../lib/micro-batch.ts";
import type { LedgerCounts, OrderQuery, OrderRepository } from "../../ports/order-repository.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { keyRange, numberOf, orderKey, routeOfKey } from "./order-key.ts";
import type { Mysql, Session } from "./pool.ts";

interface OrderRow {
  readonly id: Buffer;
  readonly buyer_id: BuyerId;
  readonly request_key: RequestKey;
  readonly fingerprint: string;
  readonly quantity: Units;
  readonly status: "placed" | "refused";
  readonly reason: RefusalReason | null;
  readonly placed_at: number;
}

type Reads = Pick<OrderRepository, "byId" | "list" | "held" | "audit">;

const columns = "id, buyer_id, request_key, fingerprint, quantity, status, reason, placed_at";
const readBatchMax = 500;
const heldRows = 2_000;
const knownPerQuery = 2_000;

export function orderReads(mysql: Mysql): Reads {
  /** Readers that come while a query is under way share the next one. */
  const reads = microBatch<OrderId, Order | null>({
    batchMax: readBatchMax,
    queueMax: limits.reserveQueueMax,
    run: async (ids) => {
      const sql = `SELECT ${columns} FROM orders WHERE id IN (?)`;
      const keys = ids.map(orderKey);
      const rows = await mysql.use((session) => session.query<OrderRow[]>(sql, [keys]));
      const found = new Map(rows.map((row) => [routeOfKey(row.id).orderId, toOrder(row)]));
      return ids.map((id) => found.get(id) ?? null);
    },
  });

  const byId: Reads["byId"] = async (ids) => {
    const answers = await Promise.all(ids.map((id) => reads.push(id)));
    return answers.flatMap((answer) => {
      if (!answer.ok) throw new ServiceUnavailable("too many reads of orders are waiting");
      return answer.value ?? [];
    });
  };

  const list: Reads["list"] = async (query) => {
    const rows = await mysql.use((session) => page(session, query));
    const items = rows.slice(0, query.limit).map(toOrder);
    const more = rows.length > query.limit;
    return { items, nextCursor: more ? (items.at(-1)?.orderId ?? null) : null };
  };

  async function* held(saleId: SaleId, below: number): AsyncGenerator<readonly HeldOrder[]> {
    const { last } = keyRange(saleId);
    let after = keyRange(saleId).first;
    for (;;) {
      const values = [after, last, heldRows];
      const rows = await mysql.use((session) => session.query<OrderRow[]>(heldSql, values));
      const end = rows.at(-1);
      if (end === undefined) return;
      after = end.id;
      yield rows.filter(({ id }) => routeOfKey(id).epoch < below).map(toHeld);
    }
  }

  const audit: Reads["audit"] = (saleId, ids) =>
    mysql.use((session) => countIn(session, saleId, ids));

  return { byId, list, held, audit };
}

function page(session: Session, { saleId, buyerId, cursor, limit }: OrderQuery) {
  const { first, last } = keyRange(saleId);
  const before = cursor === null ? last : orderKey(cursor as OrderId);
  const ofBuyer = buyerId === null ? "" : "AND sale = ? AND buyer_id = ?";
  const values = buyerId === null ? [] : [numberOf(saleId), buyerId];
  const sql = `
    SELECT ${columns} FROM orders WHERE id > ? AND id < ? ${ofBuyer} ORDER BY id DESC LIMIT ?`;
  return session.query<OrderRow[]>(sql, [first, before, ...values, limit + 1]);
}

/** One snapshot for all of it. */
async function countIn(
  session: Session,
  saleId: SaleId,
  ids: readonly OrderId[],
): Promise<LedgerCounts> {
  const sale = numberOf(saleId);
  await session.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  await session.query("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  const [ledger] = await session.query<LedgerSums[]>(ledgerSql, [sale]);
  const [live] = await session.query<LiveSums[]>(liveSql, [sale, sale]);
  const [refused] = await session.query<{ units: string }[]>(refusedSql, [sale]);
  const known = await knownAmong(session, ids);
  await session.query("COMMIT");
  const sums = present(ledger, `sale ${saleId} has no ledger`);
  return {
    stock: units(sums.total),
    sold: units(sums.sold),
    placed: units(Number(live?.placed)),
    refused: units(Number(refused?.units)),
    orders: Number(live?.orders),
    duplicates: Number(live?.duplicates),
    overLimitBuyers: Number(live?.over_limit),
    known,
  };
}

async function knownAmong(session: Session, ids: readonly OrderId[]): Promise<OrderId[]> {
  const known: OrderId[] = [];
  for (let from = 0; from < ids.length; from += knownPerQuery) {
    const keys = ids.slice(from, from + knownPerQuery).map(orderKey);
    const rows = await session.query<{ id: Buffer }[]>(knownSql, [keys]);
    for (const { id } of rows) known.push(routeOfKey(id).orderId);
  }
  return known;
}

function toOrder(row: OrderRow): Order {
  const { orderId, saleId, epoch, reservedAt } = routeOfKey(row.id);
  return {
    orderId,
    saleId,
    epoch,
    buyerId: row.buyer_id,
    requestKey: row.request_key,
    fingerprint: row.fingerprint,
    quantity: row.quantity,
    reservedAt,
    status: row.status,
    placedAt: instant(row.placed_at),
    reason: row.reason,
  };
}

function toHeld(row: OrderRow): HeldOrder {
  const { buyer_id: buyerId, request_key: requestKey, fingerprint, quantity } = row;
  return { orderId: routeOfKey(row.id).orderId, buyerId, requestKey, fingerprint, quantity };
}

interface LedgerSums {
  readonly total: number;
  readonly sold: number;
}

/** Sums come as text, because they may be larger than a number. */
interface LiveSums {
  readonly placed: string;
  readonly orders: string;
  readonly duplicates: string;
  readonly over_limit: string;
}

const heldSql = `
SELECT ${columns} FROM orders
WHERE id > ? AND id < ? AND live_key IS NOT NULL ORDER BY id LIMIT ?`;

const ledgerSql = "SELECT total, sold FROM ledger WHERE sale = ?";

const refusedSql = `
SELECT COALESCE(SUM(quantity), 0) AS units FROM orders WHERE sale = ? AND status = 'refused'`;

const knownSql = "SELECT id FROM orders WHERE id IN (?)";

/** From the rows themselves, without the ledger's sums and the hash of the keys. */
const liveSql = `
SELECT
  COALESCE(SUM(units), 0) AS placed,
  COALESCE(SUM(orders), 0) AS orders,
  COALESCE(SUM(repeats), 0) AS duplicates,
  COALESCE(SUM(units > (SELECT per_buyer_limit FROM sales WHERE number = ?)), 0) AS over_limit
FROM (
  SELECT
    buyer_id, SUM(quantity) AS units, COUNT(*) AS orders,
    COUNT(*) - COUNT(DISTINCT request_key) AS repeats
  FROM orders WHERE sale = ? AND status <> 'refused' GROUP BY buyer_id
) AS buyers`;
