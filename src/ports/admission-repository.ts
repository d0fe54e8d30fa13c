/** The limits that are no sale's own, and the lists of who may come. */
import type {
  AccessEntry,
  AccessName,
  AdmissionLimits,
  AdmissionSettings,
} from "../domain/admission.ts";
import type { Result } from "../lib/result.ts";

export interface AdmissionRepository {
  /** The settings, if their version is not the one that is known. */
  changed(knownVersion: number): Promise<AdmissionSettings | null>;

  /** Replaces the limits if the version is still this one; the new version. */
  setLimits(limits: AdmissionLimits, version: number): Promise<Result<number, "version-conflict">>;

  /** Puts an entry on its list, or replaces the note of the one that is there; `full` if there are
   * `accessEntriesMax` already. */
  put(entry: AccessEntry): Promise<Result<"created" | "replaced", "full">>;

  /** Whether it was there. */
  remove(name: AccessName): Promise<boolean>;
}
