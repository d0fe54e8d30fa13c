/** Decides a batch of orders in one transaction: lock the ledgers, read what is known of the orders
 * and their buyers, decide in memory, write everything at once. The lock on a sale's ledger makes
 * placing orders of that sale a single file, so what was read still holds when it is written. */
import {
  type BuyerId,
  epoch,
  type Instant,
  type OrderId,
  type SaleId,
  units,
} from "../../domain/ids.ts";
import { decidePlacement, type Placement, type RefusalReason } from "../../domain/order.ts";
import type { Reservation } from "../../domain/reservation.ts";
import { assert } from "../../lib/assert.ts";
import type { PlacementResult } from "../../ports/order-repository.ts";
import { liveKey, numberOf, orderKey, routeOfKey } from "./order-key.ts";
import type { Session } from "./pool.ts";

interface LedgerRow {
  readonly sale: number;
  readonly total: number;
  readonly sold: number;
  readonly version: number;
  readonly min_epoch: number;
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
  readonly keys: Set<string>;
}

interface Ledger {
  readonly row: LedgerRow;
  sold: number;
}

/** What is known before the decision. */
interface Facts {
  readonly ledgers: ReadonlyMap<number, Ledger>;
  readonly known: Map<OrderId, KnownRow>;
  readonly holdings: Map<string, Holding>;
}

/** An order's row, as the insert takes it. */
type Row = readonly unknown[];

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
  if (rows.length > 0) await session.query(`${insertSql} ?`, [rows]);
  for (const ledger of facts.ledgers.values()) await sell(session, ledger);
  return results;
}

async function readFacts(session: Session, orders: readonly Reservation[]): Promise<Facts> {
  const sales = [...new Set(orders.map((order) => numberOf(order.saleId)))].sort((a, b) => a - b);
  const ledgers = await session.query<LedgerRow[]>(ledgersSql, [sales]);
  const keys = orders.map((order) => orderKey(order.orderId));
  const found = await session.query<KnownRow[]>(knownSql, [keys]);
  return {
    ledgers: new Map(ledgers.map((row) => [row.sale, { row, sold: row.sold }])),
    known: new Map(found.map((row) => [routeOfKey(row.id).orderId, row])),
    holdings: await readHoldings(session, orders),
  };
}

/** What the batch's buyers have: one query a sale. */
async function readHoldings(
  session: Session,
  orders: readonly Reservation[],
): Promise<Map<string, Holding>> {
  const holdings = new Map<string, Holding>();
  for (const [saleId, group] of Map.groupBy(orders, (order) => order.saleId)) {
    const buyers = [...new Set(group.map((order) => order.buyerId))];
    const rows = await session.query<HoldingRow[]>(holdingsSql, [numberOf(saleId), buyers]);
    for (const row of rows) {
      const holding = holdingOf(holdings, saleId, row.buyer_id);
      holding.units += row.quantity;
      holding.keys.add(row.live_key.toString("latin1"));
    }
  }
  return holdings;
}

function holdingOf(holdings: Map<string, Holding>, saleId: SaleId, buyerId: BuyerId): Holding {
  const name = `${saleId} ${buyerId}`;
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
  const holding = holdingOf(facts.holdings, order.saleId, order.buyerId);
  const ledger = facts.ledgers.get(numberOf(order.saleId));
  const placement = refusing === null ? decide(order, ledger, holding, key) : refused(refusing);
  const { status } = placement;
  const reason = placement.status === "refused" ? placement.reason : null;
  if (status === "placed" && ledger !== undefined) {
    ledger.sold += order.quantity;
    holding.units += order.quantity;
    holding.keys.add(key.toString("latin1"));
  }
  const id = orderKey(orderId);
  facts.known.set(orderId, { id, status, reason });
  rows.push(rowOf(order, id, status === "placed" ? key : null, status, reason, now));
  return { orderId, kind: status, status, reason };
}

function decide(
  order: Reservation,
  ledger: Ledger | undefined,
  holding: Holding,
  key: Buffer,
): Placement {
  if (ledger === undefined) return refused("poison");
  const { total, min_epoch, per_buyer_limit } = ledger.row;
  return decidePlacement(order, {
    total: units(total),
    sold: units(ledger.sold),
    minEpoch: epoch(min_epoch),
    perBuyerLimit: units(per_buyer_limit),
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

/** Guarded by version and stock, though the lock alone would do: the last line of defence. */
async function sell(session: Session, { row, sold }: Ledger): Promise<void> {
  const added = sold - row.sold;
  if (added === 0) return;
  const values = [added, row.sale, row.version, added];
  const { affectedRows } = await session.query<{ affectedRows: number }>(sellSql, values);
  assert(affectedRows === 1, `the ledger of sale ${row.sale} moved under its lock`);
}

const ledgersSql = `
SELECT sale, total, sold, ledger.version, min_epoch, per_buyer_limit
FROM ledger JOIN sales ON sales.number = ledger.sale
WHERE sale IN (?) ORDER BY sale FOR UPDATE`;

const knownSql = "SELECT id, status, reason FROM orders WHERE id IN (?)";

const holdingsSql = `
SELECT sale, buyer_id, live_key, quantity
FROM orders WHERE sale = ? AND buyer_id IN (?) AND live_key IS NOT NULL`;

const insertSql = `
INSERT INTO orders (
  id, sale, buyer_id, request_key, live_key, fingerprint, quantity, status, reason, placed_at
) VALUES`;

const sellSql = `
UPDATE ledger SET sold = sold + ?, version = version + 1
WHERE sale = ? AND version = ? AND sold + ? <= total`;
