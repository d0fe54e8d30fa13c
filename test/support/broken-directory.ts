// A data directory as a crash left it, and what becomes of one that is damaged: the engine is
// opened on it the way `serve` does, and asked for its orders.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DataDirectory,
  DataDirectoryError,
  damageFound,
  openDataDirectory,
} from "../../src/adapters/embedded/data-directory.ts";
import { systemClock } from "../../src/adapters/shared/system-clock.ts";
import { adminToken } from "../../src/cli/connection.ts";
import { composeEmbedded, embeddedStores } from "../../src/compose/embedded.ts";
import { StartupError } from "../../src/compose/startup-error.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/validate.ts";
import { ordersGroup } from "../../src/roles/orders.ts";
import { placeOrders } from "../../src/usecases/place-orders.ts";
import { recover } from "../../src/usecases/recover.ts";
import { embeddedEngine } from "./embedded-engine.ts";
import { tempDir } from "./temp-dir.ts";

export interface Files {
  readonly db: Buffer;
  /** Null: it was closed properly. */
  readonly wal: Buffer | null;
}

/** What had been answered `accepted` when the write-ahead log had so many bytes. */
export interface Moment {
  readonly walBytes: number;
  readonly accepted: readonly string[];
}

export interface Snapshot {
  readonly saleId: string;
  readonly crashed: Files;
  readonly closed: Files;
  readonly moments: readonly Moment[];
}

/** Orders placed and not yet placed, in the database and in its write-ahead log. */
export async function snapshot(): Promise<Snapshot> {
  const engine = await embeddedEngine(Date.now() - 60_000);
  const sale = await engine.openSale({ perBuyerLimit: 9 as never });
  const accepted: string[] = [];
  const moments: Moment[] = [];
  const wal = join(engine.path, "doorbuster.db-wal");
  const buy = async (n: number) => {
    const bought = await engine.buy(sale, { buyer: `b${n % 3}`, key: `k${n}` });
    if (!bought.ok) throw new Error(bought.error.code);
    accepted.push(bought.value.id);
    moments.push({ walBytes: statSync(wal).size, accepted: [...accepted] });
  };
  for (let n = 0; n < 5; n += 1) await buy(n);
  await engine.consume();
  await engine.restart();
  moments.splice(0, moments.length, { walBytes: 0, accepted: [...accepted] });
  for (let n = 5; n < 8; n += 1) await buy(n);
  await engine.consume();
  for (let n = 8; n < 10; n += 1) await buy(n);
  const crashed = filesOf(engine.path);
  await engine.close();
  return { saleId: sale.id, crashed, closed: { ...filesOf(engine.path), wal: null }, moments };
}

function filesOf(path: string): Files {
  const read = (name: string) => readFileSync(join(path, name));
  try {
    return { db: read("doorbuster.db"), wal: read("doorbuster.db-wal") };
  } catch {
    return { db: read("doorbuster.db"), wal: null };
  }
}

export type Outcome =
  | { readonly kind: "refused"; readonly error: { readonly code: string; readonly help: string } }
  | { readonly kind: "works"; readonly orders: readonly string[]; readonly audit?: unknown };

/** Starts the stores as the engine does, without its roles. Throws what is no advice. */
export async function recovered(files: Files, saleId: string): Promise<Outcome> {
  const path = laidOut(files);
  let directory: DataDirectory | null = null;
  try {
    directory = openDataDirectory(path);
    const stores = embeddedStores(directory.database, systemClock);
    const subscription = stores.log.subscribe(ordersGroup, 500, async (batch) => {
      await placeOrders(stores, batch);
    });
    await recover(stores, ordersGroup);
    await subscription.stop();
    const query = { buyerId: null, saleId: saleId as never, limit: 200, cursor: null };
    const { items } = await stores.orders.list(query);
    return { kind: "works", orders: items.map(({ orderId }) => orderId) };
  } catch (reason) {
    const error = reason instanceof DataDirectoryError ? reason : damageFound(path, reason);
    if (error !== null) return { kind: "refused", error };
    throw reason;
  } finally {
    await directory?.close();
    rmSync(path, { recursive: true, force: true });
  }
}

/** Starts the engine and asks it over HTTP. Throws what is no advice. */
export async function opened(files: Files, saleId: string): Promise<Outcome> {
  const path = laidOut(files);
  const config = await configFor(path);
  try {
    const engine = await composeEmbedded(config, silent);
    const { url } = await engine.start();
    const outcome = await used(url, config, saleId);
    await engine.stop();
    return outcome;
  } catch (reason) {
    if (reason instanceof StartupError) return { kind: "refused", error: reason };
    throw reason;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function laidOut(files: Files): string {
  const path = mkdtempSync(join(place, "data-"));
  writeFileSync(join(path, "doorbuster.db"), files.db);
  if (files.wal !== null) writeFileSync(join(path, "doorbuster.db-wal"), files.wal);
  return path;
}

const place = tempDir();
const ignore = () => {};
const silent = { info: ignore, warn: ignore, error: ignore };

async function configFor(dataDir: string): Promise<Config> {
  const flags = [
    { name: "--port", path: "port", value: "0" },
    { name: "--data", path: "dataDir", value: dataDir },
  ];
  const loaded = await loadConfig({ cwd: dataDir, env: {}, flags });
  if (!loaded.ok) throw new Error("the test's own configuration is wrong");
  return loaded.value.config;
}

async function used(url: string, { auth }: Config, saleId: string): Promise<Outcome> {
  const admin = { authorization: `Bearer ${adminToken(auth)}` };
  const listed = await fetch(`${url}/v1/orders?saleId=${saleId}&limit=200`, { headers: admin });
  const { items = [] } = (await listed.json()) as { items?: { id: string }[] };
  const audit = await fetch(`${url}/v1/sales/${saleId}/audit`, { headers: admin });
  return { kind: "works", orders: items.map(({ id }) => id), audit: await audit.json() };
}
