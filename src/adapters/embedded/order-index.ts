/** Finds a buyer's live orders of a sale. New entries wait in memory and are merged into the
 * table in sorted batches: one entry at a random place of a B-tree costs a page of its own,
 * thousands in key order share theirs (the idea of the log-structured merge tree, O'Neil et al.
 * 1996, with two levels). */
import type { BuyerId, OrderId, RequestKey, SaleId, Units } from "../../domain/ids.ts";
import type { KnownOrder, Reservation } from "../../domain/reservation.ts";
import { present } from "../../lib/assert.ts";
import { type BloomFilter, bloomFilter } from "../../lib/bloom-filter.ts";
import type { Database, WriteScope } from "./database.ts";
import mergeSql from "./sql/index-merge.sql" with { type: "text" };
import ofBuyerSql from "./sql/index-of-buyer.sql" with { type: "text" };
import setMergedSql from "./sql/index-set-merged.sql" with { type: "text" };
import unmergedSql from "./sql/index-unmerged.sql" with { type: "text" };

export interface OrderIndex {
  /** A buyer's live orders of a sale. */
  ofBuyer(saleId: SaleId, buyerId: BuyerId): readonly KnownOrder[];
  /** Adds a live order that is being written as row `seq`. Call inside a write. */
  add(scope: WriteScope, order: Reservation, seq: number): void;
  /** Does a bounded piece of merging, if there is any to do. Call inside a write. */
  merge(scope: WriteScope): void;
}

/** Orders held in memory before they are merged; two generations may be there at once. */
export const mergeAfter = 16_000;
/** Entries merged by one write: more than a write adds, so that merging keeps ahead. */
const mergeStep = 1_500;
/** 8 MiB: one wrong hit in 25 at ten million buyers, one in ten thousand at a million. */
const filterBits = 2 ** 26;
const none: readonly KnownOrder[] = [];

/** One buyer's orders of one sale. */
interface Holding {
  readonly saleId: string;
  readonly buyerId: string;
  readonly orders: readonly KnownOrder[];
}

interface Generation {
  readonly byBuyer: Map<string, Holding>;
  count: number;
  lastSeq: number;
}

interface Merging {
  readonly generation: Generation;
  readonly keys: readonly string[];
  next: number;
}

interface IndexRow {
  readonly request_key: string;
  readonly order_id: string;
  readonly quantity: number;
  readonly fingerprint: string;
}

interface BuyerRow {
  readonly sale_id: string;
  readonly buyer_id: string;
}

interface UnmergedRow extends IndexRow {
  readonly seq: number;
  readonly sale_id: string;
  readonly buyer_id: string;
}

export function orderIndex(database: Database): OrderIndex {
  const table = mergedTable(database);
  let fresh = unmerged(database);
  let merging: Merging | null = null;

  function ofBuyer(saleId: SaleId, buyerId: BuyerId): readonly KnownOrder[] {
    const key = keyOf(saleId, buyerId);
    const recent = fresh.byBuyer.get(key)?.orders ?? none;
    const frozen = merging?.generation.byBuyer.get(key)?.orders ?? none;
    const stored = table.ofBuyer(key, saleId, buyerId);
    if (stored.length === 0) return frozen.length === 0 ? recent : [...frozen, ...recent];
    if (recent.length === 0 && frozen.length === 0) return stored;
    return distinct([...stored, ...frozen, ...recent]);
  }

  function add(scope: WriteScope, order: Reservation, seq: number): void {
    const generation = fresh;
    const { saleId, buyerId, requestKey, orderId, quantity, fingerprint } = order;
    const key = keyOf(saleId, buyerId);
    const before = generation.byBuyer.get(key);
    const { lastSeq } = generation;
    const known: KnownOrder = { requestKey, orderId, quantity, fingerprint };
    const orders = before === undefined ? [known] : [...before.orders, known];
    generation.byBuyer.set(key, { saleId, buyerId, orders });
    generation.count += 1;
    generation.lastSeq = seq;
    scope.undo(() => {
      generation.count -= 1;
      generation.lastSeq = lastSeq;
      if (before === undefined) generation.byBuyer.delete(key);
      else generation.byBuyer.set(key, before);
    });
  }

  function merge(scope: WriteScope): void {
    if (merging === null && fresh.count >= mergeAfter) freeze(scope);
    if (merging === null) return;
    const current = merging;
    const from = current.next;
    scope.undo(() => {
      current.next = from;
      merging = current;
    });
    if (table.mergeSome(current)) merging = null;
  }

  /** Orders of the write under way may be among them, so its failure must thaw them again. */
  function freeze(scope: WriteScope): void {
    const generation = fresh;
    merging = { generation, keys: [...generation.byBuyer.keys()].sort(), next: 0 };
    fresh = emptyGeneration();
    scope.undo(() => {
      fresh = generation;
      merging = null;
    });
  }

  return { ofBuyer, add, merge };
}

/** The part of the index that is on disk, with a filter before it: nearly every purchase asks for a
 *  buyer who is not there. */
function mergedTable(database: Database) {
  const { sql } = database;
  const select = sql.prepare<IndexRow, [string, string]>(ofBuyerSql);
  const insert = sql.prepare(mergeSql);
  const setMerged = sql.prepare<unknown, [number]>(setMergedSql);
  const buyers = mergedBuyers(database);

  function ofBuyer(key: string, saleId: SaleId, buyerId: BuyerId): readonly KnownOrder[] {
    return buyers.mayHave(key) ? select.all(saleId, buyerId).map(knownOrder) : none;
  }

  /** Writes the next piece of a generation; true once all of it is in the table. */
  function mergeSome(merging: Merging): boolean {
    const { generation, keys } = merging;
    const end = Math.min(merging.next + mergeStep, keys.length);
    for (; merging.next < end; merging.next += 1) {
      const key = keys[merging.next] ?? "";
      buyers.add(key);
      insertHolding(present(generation.byBuyer.get(key), "a merge lost a buyer"));
    }
    if (end < keys.length) return false;
    setMerged.run(generation.lastSeq);
    return true;
  }

  function insertHolding({ saleId, buyerId, orders }: Holding): void {
    for (const { requestKey, orderId, quantity, fingerprint } of orders) {
      insert.run(saleId, buyerId, requestKey, orderId, quantity, fingerprint);
    }
  }

  return { ofBuyer, mergeSome };
}

/** The orders written since the last finished merge, as a start finds them. */
function unmerged(database: Database): Generation {
  const generation = emptyGeneration();
  for (const row of database.sql.query<UnmergedRow, []>(unmergedSql).iterate()) {
    const key = keyOf(row.sale_id, row.buyer_id);
    const orders = [...(generation.byBuyer.get(key)?.orders ?? none), knownOrder(row)];
    generation.byBuyer.set(key, { saleId: row.sale_id, buyerId: row.buyer_id, orders });
    generation.count += 1;
    generation.lastSeq = row.seq;
  }
  return generation;
}

function emptyGeneration(): Generation {
  return { byBuyer: new Map(), count: 0, lastSeq: 0 };
}

function distinct(orders: readonly KnownOrder[]): KnownOrder[] {
  return [...new Map(orders.map((order) => [order.orderId, order])).values()];
}

function mergedBuyers(database: Database): BloomFilter {
  const filter = bloomFilter(filterBits);
  const rows = database.sql.query<BuyerRow, []>("SELECT sale_id, buyer_id FROM order_index");
  for (const row of rows.iterate()) filter.add(keyOf(row.sale_id, row.buyer_id));
  return filter;
}

/** A sale id has no space in it. */
function keyOf(saleId: string, buyerId: string): string {
  return `${saleId} ${buyerId}`;
}

function knownOrder(row: IndexRow): KnownOrder {
  return {
    requestKey: row.request_key as RequestKey,
    orderId: row.order_id as OrderId,
    quantity: row.quantity as Units,
    fingerprint: row.fingerprint,
  };
}
