/** The accounting equation of a sale: stock = remaining + pending + in transfer + sold, and
 * nothing doubled. */
import type { Instant, Units } from "./ids.ts";

/** Counts in units, but for orders, duplicates and overLimitBuyers. */
export interface AuditCounts {
  readonly stock: Units;
  readonly remaining: Units;
  readonly pending: Units;
  readonly inTransfer: Units;
  /** Units the ledger counts as sold. */
  readonly sold: Units;
  /** Units in live rows of the order table; must equal `sold`. */
  readonly placed: Units;
  readonly released: Units;
  readonly refused: Units;
  readonly orders: number;
  readonly duplicates: number;
  readonly overLimitBuyers: number;
}

export interface AuditReport extends AuditCounts {
  /** Null while two passes do not agree yet, as happens under load. */
  readonly ok: boolean | null;
  readonly findings: readonly string[];
  readonly checkedAt: Instant;
}

/** What is wrong, in words; empty if every unit is accounted for. */
export function findings(counts: AuditCounts): string[] {
  const { stock, remaining, pending, inTransfer, sold, placed } = counts;
  const accounted = remaining + pending + inTransfer + sold;
  const found: string[] = [];
  if (sold > stock) found.push(`oversold: ${sold} units sold of ${stock}`);
  if (accounted !== stock) {
    found.push(
      `stock ${stock} ≠ remaining ${remaining} + pending ${pending} + in transfer ${inTransfer}` +
        ` + sold ${sold} = ${accounted}`,
    );
  }
  if (placed !== sold) found.push(`ledger says ${sold} sold, the orders say ${placed}`);
  if (counts.duplicates > 0) found.push(`${counts.duplicates} request keys with several orders`);
  if (counts.overLimitBuyers > 0) found.push(`${counts.overLimitBuyers} buyers over the limit`);
  return found;
}

/** Whether two passes saw the same numbers, so that a finding is a fact and not a moment. */
export function sameCounts(a: AuditCounts, b: AuditCounts): boolean {
  return (Object.keys(a) as (keyof AuditCounts)[]).every((key) => a[key] === b[key]);
}
