/** A temporary server of several processes: one for each role, as in earnest, or several that
 * answer purchases. */
import { type EngineProcess, startEngine } from "./engine-process.ts";
import type { Cluster } from "./rush-plan.ts";

export interface ClusterProcesses {
  /** The first of those that answer purchases. */
  readonly api: EngineProcess;
  /** All of them. */
  readonly apis: readonly EngineProcess[];
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
  /** Processes that answer purchases; 1 by default. */
  readonly apis?: number;
}

/** Throws a RushError, and stops what it started, if one of them does not start. */
export async function startClusterProcesses(
  { settings }: Pick<Cluster, "settings">,
  { dataDir, secret, core, apis: apiCount = 1 }: ClusterPlan,
): Promise<ClusterProcesses> {
  const roles = ["orders", "controller", ...Array.from({ length: apiCount }, () => "api")];
  const starting = roles.map((role) => {
    const own = role === "api" ? { core } : {};
    return startEngine({ dataDir, secret, settings, roles: role, ...own });
  });
  const settled = await Promise.allSettled(starting);
  const started = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const stop = async () => {
    await Promise.all(started.map((engine) => engine.stop()));
  };
  const [orders, , ...apis] = started;
  const [api] = apis;
  if (started.length < roles.length || api === undefined || orders === undefined) {
    await stop();
    throw settled.find((one) => one.status === "rejected")?.reason;
  }
  return { api, apis, ordersUrl: orders.url, stop };
}
