/** Everything the HTTP API needs: what its use cases need, and what is HTTP's own. */
import type { AuthConfig, CorsConfig } from "../config/validate.ts";
import type { Health } from "../observability/health.ts";
import type { Metrics } from "../observability/metrics.ts";
import type { AdmissionRepository } from "../ports/admission-repository.ts";
import type { Lease } from "../ports/lease.ts";
import type { OrderLog } from "../ports/order-log.ts";
import type { PublicKeys } from "../ports/public-keys.ts";
import type { AdmissionDirectory } from "../usecases/admission-directory.ts";
import type { AdmitDeps } from "../usecases/admit.ts";
import type { AuditDeps } from "../usecases/audit.ts";
import type { ChangeSaleDeps } from "../usecases/change-sale.ts";
import type { FindOrdersDeps } from "../usecases/find-orders.ts";
import type { PurchaseDeps } from "../usecases/purchase.ts";
import type { RestockDeps } from "../usecases/restock.ts";

export type AppDeps = ChangeSaleDeps &
  RestockDeps &
  AuditDeps &
  FindOrdersDeps &
  PurchaseDeps &
  AdmitDeps &
  HttpDeps;

export interface HttpDeps {
  readonly log: Pick<OrderLog, "deadLetters" | "replay">;
  readonly lease: Pick<Lease, "list">;
  readonly admission: AdmissionDirectory;
  readonly admissionSettings: AdmissionRepository;
  /** Networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly auth: AuthConfig;
  /** Null where nobody's keys but our own are believed. */
  readonly publicKeys: PublicKeys | null;
  readonly cors: CorsConfig;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly logger: ErrorLog;
}

export interface ErrorLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
