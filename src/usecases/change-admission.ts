/** Changes limits and lists: the repository first, then what this process knows; the others learn
 * of it within a second. */
import type { AccessName, AdmissionLimits, AdmissionSettings } from "../domain/admission.ts";
import { present } from "../lib/assert.ts";
import { err, ok, type Result } from "../lib/result.ts";
import type { AdmissionRepository } from "../ports/admission-repository.ts";
import type { Clock } from "../ports/clock.ts";
import type { AdmissionDirectory } from "./admission-directory.ts";

export interface ChangeAdmissionDeps {
  readonly admissionSettings: AdmissionRepository;
  readonly admission: Pick<AdmissionDirectory, "refresh">;
  readonly clock: Pick<Clock, "now">;
}

const neverVersion = -1;

/** As they are stored. */
export async function readAdmission({
  admissionSettings,
}: Pick<ChangeAdmissionDeps, "admissionSettings">): Promise<AdmissionSettings> {
  return present(await admissionSettings.changed(neverVersion), "no settings have that version");
}

/** Changes the limits if their version is still `version`, or in any case if that is null. */
export async function changeLimits(
  deps: ChangeAdmissionDeps,
  version: number | null,
  change: Partial<AdmissionLimits>,
): Promise<Result<AdmissionSettings, "version-conflict">> {
  const found = await readAdmission(deps);
  if (version !== null && version !== found.version) return err("version-conflict");
  const limits = { ...found.limits, ...change };
  const stored = await deps.admissionSettings.setLimits(limits, found.version);
  if (!stored.ok) return version === null ? changeLimits(deps, null, change) : stored;
  await deps.admission.refresh();
  return ok({ ...found, limits, version: stored.value });
}

/** Puts somebody on a list, or replaces the note about him. */
export async function putAccess(
  deps: ChangeAdmissionDeps,
  name: AccessName,
  note: string | null,
): Promise<Result<"created" | "replaced", "full">> {
  const { list, kind, value } = name;
  const entry = { list, kind, value, note, createdAt: deps.clock.now() };
  const put = await deps.admissionSettings.put(entry);
  if (put.ok) await deps.admission.refresh();
  return put;
}

/** Whether it was there. */
export async function removeAccess(deps: ChangeAdmissionDeps, name: AccessName): Promise<boolean> {
  const removed = await deps.admissionSettings.remove(name);
  if (removed) await deps.admission.refresh();
  return removed;
}
