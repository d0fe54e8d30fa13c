/** The sales in memory. */
import { type Instant, type SaleId, saleIdOf, saleNumber } from "../../../src/domain/ids.ts";
import type { Sale, SellingMode } from "../../../src/domain/sale.ts";
import { err, ok } from "../../../src/lib/result.ts";
import type { SaleRepository } from "../../../src/ports/sale-repository.ts";
import { type Ask, type LedgerEntry, type LedgerTables, saleOf } from "./ledger-tables.ts";

export function saleRows(tables: LedgerTables, ask: Ask, now: () => Instant): SaleRepository {
  const select = (wanted: (entry: LedgerEntry) => boolean): Promise<Sale[]> =>
    ask(() => [...tables.entries.values()].filter(wanted).map(saleOf));

  const create: SaleRepository["create"] = (terms, createdAt) =>
    ask(() => {
      const id = saleIdOf(tables.entries.size + 1);
      const fresh = { state: "scheduled", mode: "stock", version: 1 } as const;
      const sale: Sale = { ...terms, id, ...fresh, createdAt };
      const counts = { total: terms.stock, sold: 0, version: 1, epoch: 0, minEpoch: 0, token: 0 };
      const rest = { mode: "stock" as const, updatedAt: now(), restocks: new Map() };
      tables.entries.set(id, { sale, ...counts, ...rest });
      tables.changed.add(id);
      return saleOf(tables.entries.get(id) as LedgerEntry);
    });

  const list: SaleRepository["list"] = (limit, cursor) =>
    ask(() => {
      const before = cursor === null ? Number.POSITIVE_INFINITY : Number(cursor);
      const newest = [...tables.entries.values()].reverse().map(saleOf);
      const found = newest.filter(({ id }) => (saleNumber(id) ?? 0) < before);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const more = found.length > limit && last !== undefined;
      return { items, nextCursor: more ? String(saleNumber(last.id)) : null };
    });

  const update: SaleRepository["update"] = (sale) =>
    ask(() => {
      const entry = tables.entries.get(sale.id);
      if (entry?.sale.version !== sale.version - 1) return err("version-conflict");
      const { perBuyerLimit, buckets, strategy, fallback } = entry.sale;
      entry.sale = { ...sale, perBuyerLimit, buckets, strategy, fallback };
      entry.updatedAt = now();
      return ok(sale);
    });

  return {
    create,
    list,
    update,
    byId: (id) =>
      ask(() => {
        const entry = tables.entries.get(id);
        return entry === undefined ? null : saleOf(entry);
      }),
    due: (startsBefore, endsBefore) =>
      select(({ sale: { state, startsAt, endsAt } }) => {
        const starts = state === "scheduled" && startsAt !== null && startsAt <= startsBefore;
        return starts || (state !== "closed" && endsAt !== null && endsAt <= endsBefore);
      }),
    loaded: (closedAfter) =>
      select(({ sale, epoch, updatedAt }) => {
        const isDue = epoch > 0 || sale.state === "open" || sale.state === "paused";
        return isDue && (sale.state !== "closed" || updatedAt > closedAfter);
      }),
    modes: (closedWithinMs) => ask(() => modesIn(tables, now() - closedWithinMs)),
    changed: (withinMs) => select(({ updatedAt }) => updatedAt >= now() - withinMs),
  };
}

function modesIn(tables: LedgerTables, closedAfter: number): ReadonlyMap<SaleId, SellingMode> {
  const listed = [...tables.entries.values()].filter(({ sale, updatedAt }) => {
    if (sale.state !== "closed") return sale.fallback !== null || sale.strategy === "database";
    return sale.fallback !== null && sale.strategy !== "database" && updatedAt >= closedAfter;
  });
  return new Map(listed.map((entry) => [entry.sale.id, saleOf(entry).mode]));
}
