/** The audit of a sale as an administrator reads it. */
import type { AuditReport } from "../domain/audit.ts";
import { isoTime } from "./iso-time.ts";
import type { AuditAnswer } from "./schemas/audit.ts";

export function auditView({ findings, checkedAt, ...counts }: AuditReport): AuditAnswer {
  return { ...counts, findings: [...findings], checkedAt: isoTime(checkedAt) };
}
