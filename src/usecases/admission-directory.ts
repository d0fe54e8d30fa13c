/** The admission rules as this process knows them. Changes of others arrive with the next refresh;
 * while the repository is away, those hold that were read last. */
import { type AdmissionRules, noSettings, rulesOf } from "../domain/admission.ts";
import type { AdmissionRepository } from "../ports/admission-repository.ts";

export interface AdmissionDirectory {
  current(): AdmissionRules;
  /** Call it every `admissionRefreshMs`, and after a change. Throws what the repository throws. */
  refresh(): Promise<void>;
}

export function admissionDirectory(
  repository: Pick<AdmissionRepository, "changed">,
): AdmissionDirectory {
  let rules = rulesOf(noSettings);

  async function refresh(): Promise<void> {
    const changed = await repository.changed(rules.version);
    if (changed !== null && changed.version > rules.version) rules = rulesOf(changed);
  }

  return { current: () => rules, refresh };
}
