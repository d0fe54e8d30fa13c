/** Waits until every service answers, and says now and then what it waits for. */
import type { RoleLog } from "../roles/role.ts";

export interface Service {
  readonly name: string;
  /** What keeps it from being used, or null. */
  check(): Promise<string | null>;
  /** After so long the process starts without it; left out, never. */
  readonly patienceMs?: number;
}

const pollMs = 200;
const sayEveryMs = 5_000;

/** Rejects once `signal` is aborted. */
export async function waitForServices(
  services: readonly Service[],
  logger: RoleLog,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let saidAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    signal.throwIfAborted();
    const missing = await missingOf(services);
    const waited = performance.now() - startedAt;
    if (missing.every(({ patienceMs = Number.POSITIVE_INFINITY }) => waited >= patienceMs)) {
      for (const { name, detail } of missing)
        logger.warn({ service: name, detail }, "is not there");
      return;
    }
    if (performance.now() - saidAt > sayEveryMs) {
      for (const { name, detail } of missing) logger.warn({ service: name, detail }, "waiting");
      saidAt = performance.now();
    }
    await Bun.sleep(pollMs);
  }
}

async function missingOf(services: readonly Service[]) {
  const checked = await Promise.all(
    services.map(async (service) => ({ ...service, detail: await service.check() })),
  );
  return checked.filter(({ detail }) => detail !== null);
}
