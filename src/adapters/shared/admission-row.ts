/** Admission settings as every SQL store writes them. */
import type {
  AccessEntry,
  AccessKind,
  AccessList,
  AdmissionLimits,
  AdmissionSettings,
} from "../../domain/admission.ts";
import type { Instant } from "../../domain/ids.ts";

export interface AdmissionRow {
  /** As JSON. */
  readonly limits: string;
  readonly version: number;
}

export interface AccessRow {
  readonly list: AccessList;
  readonly kind: AccessKind;
  readonly value: string | Buffer;
  readonly note: string | null;
  readonly created_at: Instant;
}

export function settingsOfRows(
  { limits, version }: AdmissionRow,
  entries: readonly AccessRow[],
): AdmissionSettings {
  return { limits: JSON.parse(limits) as AdmissionLimits, version, access: entries.map(entryOf) };
}

export function limitsText({ ip, buyer, global }: AdmissionLimits): string {
  return JSON.stringify({ ip, buyer, global });
}

function entryOf({ list, kind, value, note, created_at: createdAt }: AccessRow): AccessEntry {
  return { list, kind, value: String(value), note, createdAt };
}
