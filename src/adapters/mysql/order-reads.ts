/** Reading orders: by id, by buyer, by sale, and the audit's counts from one snapshot. */
import { type OrderId, routeOf, type SaleId, units } from "../../domain/ids.ts";
import { limits } from "../../domain/limits.ts";
import type { Order } from "../../domain/order.ts";
import type { HeldOrder } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import { microBatch } from "../../lib/micro-batch.ts";
import type { LedgerCounts, OrderQuery, OrderRepository } from "../../ports/order-repository.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { type OrderColumns, orderOf } from "../shared/order-row.ts";
import { keyRange, numberOf, orderKey, routeOfKey } from "./order-key.ts";
import type { Mysql } from "./pool.ts";
import type { Session } from "./session.ts";
import auditSql from "./sql/order-audit.sql" with { type: "text" };
import byIdSql from "./sql/order-by-id.sql" with { type: "text" };
import heldSql from "./sql/order-held.sql" with { type: "text" };
import knownSql from "./sql/order-known.sql" with { type: "text" };
import listSql from "./sql/order-list.sql" with { type: "text" };
import ofBuyerSql from "./sql/order-list-of-buyer.sql" with { type: "text" };

interface OrderRow extends OrderColumns {
  readonly id: Buffer;
}

type HeldRow = Pick<OrderRow, "id" | "buyer_id" | "request_key" | "fingerprint" | "quantity">;

type Reads = Pick<OrderRepository, "byId" | "list" | "held" | "audit">;

const readBatchMax = 500;
const heldRows = 2_000;
const knownPerQuery = 2_000;
/** An audit of millions of orders sorts them. */
const auditTimeoutMs = 120_000;

export function orderReads(mysql: Mysql): Reads {
  /** Readers that come while a query is under way share the next one. */
  const reads = microBatch<OrderId, Order | null>({
    batchMax: readBatchMax,
    queueMax: limits.reserveQueueMax,
    run: async (ids) => {
      const keys = ids.map(orderKey);
      const rows = await mysql.use((session) => session.query<OrderRow[]>(byIdSql, [keys]));
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
    const before = firstKeyOutside(query);
    if (before === null) return { items: [], nextCursor: null };
    const rows = await mysql.use((session) => page(session, query, before));
    const items = rows.slice(0, query.limit).map(toOrder);
    const more = rows.length > query.limit;
    return { items, nextCursor: more ? (items.at(-1)?.orderId ?? null) : null };
  };

  async function* held(saleId: SaleId, below: number): AsyncGenerator<readonly HeldOrder[]> {
    const { last } = keyRange(saleId);
    let after = keyRange(saleId).first;
    for (;;) {
      const values = [after, last, heldRows];
      const rows = await mysql.use((session) => session.query<HeldRow[]>(heldSql, values));
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

/** Null if the cursor is none that we gave. */
function firstKeyOutside({ saleId, cursor }: OrderQuery): Buffer | null {
  if (cursor === null) return keyRange(saleId).last;
  return routeOf(cursor) === null ? null : orderKey(cursor as OrderId);
}

function page(session: Session, { saleId, buyerId, limit }: OrderQuery, before: Buffer) {
  if (buyerId === null) {
    const { first } = keyRange(saleId);
    return session.query<OrderRow[]>(listSql, [first, before, limit + 1]);
  }
  return session.query<OrderRow[]>(ofBuyerSql, [numberOf(saleId), buyerId, before, limit + 1]);
}

/** One snapshot for all of it. */
async function countIn(
  session: Session,
  saleId: SaleId,
  ids: readonly OrderId[],
): Promise<LedgerCounts> {
  const sale = numberOf(saleId);
  const { first, last } = keyRange(saleId);
  await session.query(snapshotSql);
  const [ledger] = await session.query<LedgerSums[]>(ledgerSql, [sale]);
  const [counts] = await session.query<Counts[]>(auditSql, [sale, first, last], auditTimeoutMs);
  const known = await knownAmong(session, ids);
  await session.query("COMMIT");
  const sums = present(ledger, `sale ${saleId} has no ledger`);
  return {
    stock: units(sums.total),
    sold: units(sums.sold),
    placed: units(Number(counts?.placed)),
    refused: units(Number(counts?.refused)),
    orders: Number(counts?.orders),
    duplicates: Number(counts?.duplicates),
    overLimitBuyers: Number(counts?.over_limit),
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
  const route = routeOfKey(row.id);
  return orderOf(route.orderId, route, row);
}

function toHeld(row: HeldRow): HeldOrder {
  const { buyer_id: buyerId, request_key: requestKey, fingerprint, quantity } = row;
  return { orderId: routeOfKey(row.id).orderId, buyerId, requestKey, fingerprint, quantity };
}

interface LedgerSums {
  readonly total: number;
  readonly sold: number;
}

/** Sums come as text, because they may be larger than a number. */
interface Counts {
  readonly placed: string;
  readonly refused: string;
  readonly orders: string;
  readonly duplicates: string;
  readonly over_limit: string;
}

const snapshotSql = `
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY`;

const ledgerSql = "SELECT total, sold FROM ledger WHERE sale = ?";
