/** Sees every command that reaches the stock, and what the stock holds afterwards: whether each
 *  decision is the domain's, whether all units are accounted for, and what was left when. */
import type { Reply, Value } from "../../../src/adapters/redis/node.ts";
import { stockScripts } from "../../../src/adapters/redis/scripts.ts";
import { type OrderId, parseSaleId, type SaleId } from "../../../src/domain/ids.ts";
import { beginMs } from "../engine/host.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import type { SimRedis } from "../redis/server.ts";
import type { LedgerTables } from "../services/ledger-tables.ts";
import { expectedOf, type Taken } from "./decisions.ts";
import { bucketsOf, levelOf, type SaleLevel } from "./stock-level.ts";

export interface StockWatch {
  /** Called before a command is executed; what it returns, after. */
  watch(server: SimRedis, words: readonly Value[]): ((reply: Reply) => void) | null;
  /** Called after each happening. */
  settle(): void;
  /** A server lost or changed what it held. */
  disturbed(): void;
  /** Every reservation that was ever made. */
  readonly taken: ReadonlyMap<OrderId, Taken>;
  /** Whether at some moment from `since` on less than so many units could be had. */
  wasShort(saleId: SaleId, units: number, since: number): boolean;
  level(saleId: SaleId): SaleLevel;
  /** From now on, and until `freed`, nothing may be sold. */
  stopped(saleId: SaleId, why: string): void;
  freed(saleId: SaleId): void;
}

export interface StockWatchDeps {
  readonly servers: readonly SimRedis[];
  readonly tables: LedgerTables;
  readonly time: Scheduler;
  readonly violated: (promise: string, detail: string) => void;
}

const { reserve } = stockScripts();

export function stockWatch({ servers, tables, time, violated }: StockWatchDeps): StockWatch {
  const touched = new Set<SaleId>();
  const { taken, take, fence, stops } = takings({ tables, time, violated });
  /** By sale: from when on how many units could be had. */
  const available = new Map<SaleId, { readonly at: number; readonly units: number }[]>();

  function watch(server: SimRedis, words: readonly Value[]) {
    const key = words[0] === "EVALSHA" || words[0] === "EVAL" ? String(words[3]) : String(words[1]);
    const saleId = parseSaleId(/\{(s\d+):/.exec(key)?.[1] ?? "");
    if (saleId === null) return null;
    touched.add(saleId);
    if (words[1] !== reserve.sha1 && words[1] !== reserve.lua) return null;
    const token = tokenOf(tables, saleId, words);
    const check = expectedOf(server, saleId, key, words, beginMs + time.now());
    return (reply: Reply) => {
      const { differs, orders } = check(reply);
      if (orders.length > 0) fence(key, token);
      if (differs !== null) violated("the stock decides as the domain does", differs);
      for (const order of orders) take(order);
    };
  }

  function settle(): void {
    for (const saleId of tables.changed) touched.add(saleId);
    tables.changed.clear();
    for (const saleId of touched) look(saleId);
    touched.clear();
  }

  function look(saleId: SaleId): void {
    const entry = tables.entries.get(saleId);
    if (entry === undefined) return;
    if (entry.sold > entry.total)
      violated("never oversold", `${saleId}: ${entry.sold} of ${entry.total}`);
    const now = levelOf(bucketsOf(servers, saleId, entry.sale.buckets), entry);
    const known = available.get(saleId) ?? [];
    available.set(saleId, known);
    if (known.at(-1)?.units !== now.available) known.push({ at: time.now(), units: now.available });
    const open = now.pending.filter((order) => !tables.orders.has(order.orderId));
    const pendingUnits = open.reduce((sum, order) => sum + order.quantity, 0);
    const promised = now.remaining + now.inTransfer + pendingUnits + entry.sold;
    if (now.current && promised > entry.total) {
      const parts = `${now.remaining} left, ${now.inTransfer} moving, ${pendingUnits} pending`;
      violated("no unit is promised twice", `${saleId} of ${entry.total}: ${parts}`);
    }
  }

  function wasShort(saleId: SaleId, wanted: number, since: number): boolean {
    const known = available.get(saleId) ?? [];
    const first = known.findLastIndex(({ at }) => at <= since);
    return known.slice(Math.max(0, first)).some(({ units }) => units < wanted);
  }

  const level = (saleId: SaleId) => {
    const entry = tables.entries.get(saleId);
    if (entry === undefined) throw new Error(`there is no ${saleId}`);
    return levelOf(bucketsOf(servers, saleId, entry.sale.buckets), entry);
  };

  return {
    ...{ watch, settle, taken, wasShort, level },
    disturbed: () => {
      for (const saleId of tables.entries.keys()) touched.add(saleId);
    },
    stopped: (saleId, why) => void stops.set(saleId, why),
    freed: (saleId) => void stops.delete(saleId),
  };
}

/** What was taken, and whether it might be. */
function takings({ tables, time, violated }: Omit<StockWatchDeps, "servers">) {
  const taken = new Map<OrderId, Taken>();
  /** Why nothing may be taken of a sale. */
  const stops = new Map<SaleId, string>();
  /** Tokens under which units were taken, by bucket. */
  const highest = new Map<string, number>();

  function take(order: Taken): void {
    const { saleId, orderId } = order;
    if (taken.has(orderId)) violated("an order id names one order", orderId);
    taken.set(orderId, { ...order, at: time.now() });
    const why = stops.get(saleId);
    if (why !== undefined)
      violated("nothing is sold while the sale is stopped", `${orderId}: ${why}`);
    const endsAt = tables.entries.get(saleId)?.sale.endsAt ?? null;
    if (endsAt !== null && beginMs + time.now() >= endsAt) {
      violated("nothing is sold after the end", orderId);
    }
  }

  /** Units of a locked sale are taken under its lock only, and from each bucket never under a
   * former one. */
  function fence(bucket: string, token: number): void {
    const before = highest.get(bucket) ?? 1;
    if (token < before) violated("a former lock takes nothing", `${bucket}: ${token} < ${before}`);
    highest.set(bucket, Math.max(before, token));
  }

  return { taken, take, fence, stops };
}

/** Under which a batch is decided; sales that are sold without a lock have one for all. */
function tokenOf(tables: LedgerTables, saleId: SaleId, words: readonly Value[]): number {
  const isLocked = tables.entries.get(saleId)?.sale.strategy === "locked";
  return isLocked ? Number(words[8] || 0) : 1;
}
