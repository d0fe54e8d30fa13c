/** A temporary server of several processes: one for each role, as in earnest. */
import { type EngineProcess, startEngine } from "./engine-process.ts";
import type { Cluster } from "./rush-plan.ts";

export interface ClusterProcesses {
  /** The one that answers purchases. */
  readonly api: EngineProcess;
  /** Where the orders role shows its metrics. */
  readonly ordersUrl: string;
  /** Stops all of them; the stores stay. */
  stop(): Promise<void>;
}

export interface ClusterPlan {
  readonly dataDir: string;
  readonly secret: string;
  /** The core that the api has to itself. */
  readonly core?: number | undefined;
}

/** Throws a RushError, and stops what it started, if one of them does not start. */
export async function startClusterProcesses(
  { settings }: Cluster,
  { dataDir, secret, core }: ClusterPlan,
): Promise<ClusterProcesses> {
  const roles = ["api", "orders", "controller"] as const;
  const starting = roles.map((role) => {
    const own = role === "api" ? { core } : {};
    return startEngine({ dataDir, secret, settings, roles: role, ...own });
  });
  const settled = await Promise.allSettled(starting);
  const started = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async () => {
    await Promise.all(started.map((engine) => engine.stop()));
  };
  const [api, orders] = started;
  if (started.length < roles.length || api === undefined || orders === undefined) {
    await stop();
    throw settled.find((one) => one.status === "rejected")?.reason;
  }
  return { api, ordersUrl: orders.url, stop };
}
