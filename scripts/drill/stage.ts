// Everything that a drill breaks: services of its own, and our own processes on them.

import { settingsOf } from "../../src/cli/temporary-cluster.ts";
import { operationsOn } from "../../src/compose/operations.ts";
import { newSecret, signedTokens } from "../../src/rush/target.ts";
import { makeTemporaryDirectory } from "../../src/rush/temporary-directory.ts";
import { type Fleet, type Member, startFleet } from "./fleet.ts";
import type { Thing } from "./plan.ts";
import { type DrilledServices, drilledServices } from "./services.ts";

/** Shorter than in earnest, so that a controller that is stopped loses its locks soon. */
const lockTtlSeconds = 3;

export interface DrillStage {
  readonly services: DrilledServices;
  readonly dataDir: string;
  readonly tokens: ReturnType<typeof signedTokens>;
  /** Where the api answers. */
  readonly urls: readonly string[];
  member(thing: Thing): Member;
  close(): Promise<void>;
}

export async function openDrillStage(
  logFile: string,
  onDeath: (name: string) => void,
): Promise<DrillStage> {
  const directory = await makeTemporaryDirectory("drill");
  const services = await drilledServices(directory.path);
  const given = services.config;
  const config = { ...given, etcd: { ...given.etcd, ttlSeconds: lockTtlSeconds } };
  await operationsOn(config).migrate();
  const data = await makeTemporaryDirectory("drill-data");
  const [secret, settings] = [newSecret(), settingsOf(config)];
  const fleet: Fleet = await startFleet({ dataDir: data.path, secret, settings, logFile, onDeath });

  async function close(): Promise<void> {
    await fleet.close();
    await services.close();
    await data.remove();
    await directory.remove();
  }

  function member(thing: Thing): Member {
    const found = fleet.members.find(({ name }) => name === thing);
    if (found === undefined) throw new Error(`there is no process ${thing}`);
    return found;
  }

  const urls = fleet.members.filter(({ role }) => role === "api").map(({ url }) => url);
  return { services, dataDir: data.path, tokens: signedTokens(secret), urls, member, close };
}
