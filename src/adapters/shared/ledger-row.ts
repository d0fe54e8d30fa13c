/** A sale's ledger as both databases keep it. */
import { epoch, units } from "../../domain/ids.ts";
import type { LedgerState } from "../../ports/order-repository.ts";

export interface LedgerColumns {
  readonly total: number;
  readonly sold: number;
  readonly version: number;
  readonly epoch: number;
  readonly min_epoch: number;
}

export function toLedgerState(row: LedgerColumns): LedgerState {
  return {
    total: units(row.total),
    sold: units(row.sold),
    version: row.version,
    epoch: epoch(row.epoch),
    minEpoch: epoch(row.min_epoch),
  };
}
