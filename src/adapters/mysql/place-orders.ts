/** Decides a batch of orders in one transaction: lock the ledgers, read what is known of the orders
 * and their buyers, decide in memory, write everything at once. The lock on a sale's ledger makes
 * placing orders of that sale a single file, so what was read still holds when it is written. */
import {
  type BuyerId,
  epoch,
  type Instant,
  type OrderId,
  saleIdOf,
  units,
} from "../../domain/ids.ts";
import { decidePlacement, type Placement, type RefusalReason } from "../../domain/order.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { assert, present } from "../../lib/assert.ts";
import type { PlacementResult } from "../../ports/order-repository.ts";
import { liveKey, numberOf, orderKey, routeOfKey } from "./order-key.ts";
import type { Session } from "./session.ts";
import lockSql from "./sql/ledger-lock.sql" with { type: "text" };
import sellSql from "./sql/ledger-sell.sql" with { type: "text" };
import holdingsSql from "./sql/order-holdings.sql" with { type: "text" };
import insertSql from "./sql/order-insert.sql" with { type: "text" };
import knownSql from "./sql/order-known.sql" with { type: "text" };
import limitsSql from "./sql/sale-limits.sql" with { type: "text" };

/** As it was read under its lock. */
export interface LedgerRow {
  readonly sale: number;
  readonly total: number;
  readonly sold: number;
  readonly version: number;
  readonly min_epoch: number;
}

interface LimitRow {
  readonly number: number;
  readonly per_buyer_limit: number;
}

interface KnownRow {
  readonly id: Buffer;
  readonly status: "placed" | "refused";
  readonly reason: RefusalReason | null;
}

interface HoldingRow {
  readonly sale: number;
  readonly buyer_id: BuyerId;
  readonly live_key: Buffer;
  readonly quantity: number;
}

/** What a buyer has of a sale, while a batch is decided. */
interface Holding {
  units: number;
  /** Live keys, as text. */
  readonly keys: Set<string>;
}

interface Ledger {
  readonly row: LedgerRow;
  readonly perBuyerLimit: number;
  sold: number;
}

/** What is known before the decision. */
interface Facts {
  readonly ledgers: ReadonlyMap<number, Ledger>;
  readonly known: Map<OrderId, Decision>;
  readonly holdings: Map<string, Holding>;
}

type Decision = Pick<KnownRow, "status" | "reason">;

/** An order's row, as the insert takes it. */
export type Row = readonly unknown[];

/** The session is in a transaction. `refusing` decides instead of the ledger. */
export async function placeIn(
  session: Session,
  orders: readonly Reservation[],
  now: Instant,
  refusing: RefusalReason | null = null,
): Promise<PlacementResult[]> {
  const facts = await readFacts(session, orders);
  const rows: Row[] = [];
  const results = orders.map((order) => decideOne(order, facts, refusing, rows, now));
  if (rows.length > 0) await writeRows(session, rows, [...facts.ledgers.values()]);
  return results;
}

/** In one round trip: each statement sees what is committed when it begins, and it begins when the
 * ones before it have their locks. */
async function readFacts(session: Session, orders: readonly Reservation[]): Promise<Facts> {
  const sales = [...new Set(orders.map((order) => numberOf(order.saleId)))];
  const keys = orders.map((order) => orderKey(order.orderId));
  const buyers = new Map(orders.map((order) => [nameOf(order), buyerOf(order)]));
  const [ledgers, limits, known, held] = await session.query<
    [LedgerRow[], LimitRow[], KnownRow[], HoldingRow[]]
  >(readSql, [sales, sales, keys, JSON.stringify([...buyers.values()])]);
  const limitOf = new Map(limits.map((row) => [row.number, row.per_buyer_limit]));
  return {
    ledgers: new Map(ledgers.map((row) => [row.sale, openLedger(row, limitOf)])),
    known: new Map(known.map((row) => [routeOfKey(row.id).orderId, row])),
    holdings: holdingsIn(held),
  };
}

function openLedger(row: LedgerRow, limitOf: ReadonlyMap<number, number>): Ledger {
  const perBuyerLimit = present(limitOf.get(row.sale), `ledger ${row.sale} has no sale`);
  return { row, perBuyerLimit, sold: row.sold };
}

function buyerOf({ saleId, buyerId }: Reservation): [number, BuyerId] {
  return [numberOf(saleId), buyerId];
}

/** A sale id has no space in it. */
function nameOf({ saleId, buyerId }: Pick<Reservation, "saleId" | "buyerId">): string {
  return `${saleId} ${buyerId}`;
}

function holdingsIn(rows: readonly HoldingRow[]): Map<string, Holding> {
  const holdings = new Map<string, Holding>();
  for (const row of rows) {
    const name = nameOf({ saleId: saleIdOf(row.sale), buyerId: row.buyer_id });
    const holding = holdingOf(holdings, name);
    holding.units += row.quantity;
    holding.keys.add(row.live_key.toString("latin1"));
  }
  return holdings;
}

function holdingOf(holdings: Map<string, Holding>, name: string): Holding {
  const known = holdings.get(name);
  if (known !== undefined) return known;
  const fresh = { units: 0, keys: new Set<string>() };
  holdings.set(name, fresh);
  return fresh;
}

/** Adds the row of an order that is new to `rows`, and what it changes to the facts. */
function decideOne(
  order: Reservation,
  facts: Facts,
  refusing: RefusalReason | null,
  rows: Row[],
  now: Instant,
): PlacementResult {
  const { orderId } = order;
  const before = facts.known.get(orderId);
  if (before !== undefined) {
    return { orderId, kind: "duplicate", status: before.status, reason: before.reason };
  }
  const key = liveKey(order.requestKey);
  const holding = holdingOf(facts.holdings, nameOf(order));
  const ledger = facts.ledgers.get(numberOf(order.saleId));
  const placement = refusing === null ? decide(order, ledger, holding, key) : refused(refusing);
  const { status } = placement;
  const reason = placement.status === "refused" ? placement.reason : null;
  if (status === "placed" && ledger !== undefined) {
    ledger.sold += order.quantity;
    holding.units += order.quantity;
    holding.keys.add(key.toString("latin1"));
  }
  facts.known.set(orderId, { status, reason });
  rows.push(rowOf(order, orderKey(orderId), status === "placed" ? key : null, status, reason, now));
  return { orderId, kind: status, status, reason };
}

function decide(
  order: Reservation,
  ledger: Ledger | undefined,
  holding: Holding,
  key: Buffer,
): Placement {
  if (ledger === undefined) return refused("poison");
  const { total, min_epoch } = ledger.row;
  return decidePlacement(order, {
    total: units(total),
    sold: units(ledger.sold),
    minEpoch: epoch(min_epoch),
    perBuyerLimit: units(ledger.perBuyerLimit),
    buyerUnits: units(holding.units),
    keyTaken: holding.keys.has(key.toString("latin1")),
  });
}

function refused(reason: RefusalReason): Placement {
  return { status: "refused", reason };
}

function rowOf(
  order: Reservation,
  id: Buffer,
  key: Buffer | null,
  status: string,
  reason: string | null,
  now: Instant,
): Row {
  const { saleId, buyerId, requestKey, fingerprint, quantity } = order;
  const sale = numberOf(saleId);
  return [id, sale, buyerId, requestKey, key, fingerprint, quantity, status, reason, now];
}

/** The row of an order that is placed. */
export function placedRow(order: Reservation, now: Instant): Row {
  return rowOf(order, orderKey(order.orderId), liveKey(order.requestKey), "placed", null, now);
}

/** In one round trip. The ledgers' guards are a last line of defence: under a lock they hold. */
export async function writeRows(
  session: Session,
  rows: readonly Row[],
  ledgers: readonly { readonly row: LedgerRow; readonly sold: number }[],
): Promise<void> {
  const sold = ledgers.filter(({ row, sold }) => sold !== row.sold);
  const sales = sold.flatMap(({ row, sold }) => {
    const added = sold - row.sold;
    return [added, row.sale, row.version, added];
  });
  const sql = [insertSql, ...sold.map(() => sellSql)].join(";\n");
  const done = await session.query<Changed | Changed[]>(sql, [rows, ...sales]);
  const changed = Array.isArray(done) ? done : [done];
  const asExpected = changed.slice(1).every(({ affectedRows }) => affectedRows === 1);
  assert(asExpected, "a ledger moved under its lock");
}

interface Changed {
  readonly affectedRows: number;
}

const readSql = [lockSql, limitsSql, knownSql, holdingsSql].join(";\n");
