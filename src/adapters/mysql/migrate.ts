/** Brings the tables up to date: forward only, in order, each once, by one runner at a time. */
import { createHash } from "node:crypto";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import initial from "./migrations/0001-initial.sql" with { type: "text" };
import controllers from "./migrations/0002-controllers.sql" with { type: "text" };
import modes from "./migrations/0003-modes.sql" with { type: "text" };
import admission from "./migrations/0004-admission.sql" with { type: "text" };
import adaptive from "./migrations/0005-adaptive.sql" with { type: "text" };
import { type Mysql, type MysqlOptions, openMysql } from "./pool.ts";
import type { Session } from "./session.ts";

const migrations = [initial, controllers, modes, admission, adaptive];

/** Why the tables cannot be used as they are. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

interface Applied {
  readonly version: number;
  readonly checksum: string;
}

/** One for each database of a server; MySQL allows 64 characters. */
const lockName = "CONCAT('doorbuster:', MD5(DATABASE()))";
/** Shorter than a query may take; asked for again and again. */
const lockSeconds = 2;
/** Of a large table. */
const ddlTimeoutMs = 3_600_000;

/** Makes the database of the URL unless it is there or the user may not. */
export async function makeDatabase(options: MysqlOptions): Promise<void> {
  const server = new URL(options.url);
  const name = server.pathname.slice(1);
  server.pathname = "/";
  const mysql = openMysql({ ...options, url: server.href, connections: 1 });
  try {
    await mysql.use((session) => session.query("CREATE DATABASE IF NOT EXISTS ??", [name]));
  } catch (reason) {
    if (reason instanceof ServiceUnavailable) throw reason;
  } finally {
    await mysql.close();
  }
}

/** Drops the database that we are connected to. */
export async function dropDatabase(mysql: Mysql): Promise<void> {
  await mysql.use(async (session) => {
    const [row] = await session.query<{ name: string }[]>("SELECT DATABASE() AS name");
    await session.query("DROP DATABASE ??", [row?.name], ddlTimeoutMs);
  });
}

/** The versions that were applied now. A statement that makes or changes a table commits at once,
 * so a migration that was cut off stays half done: each must be such that it can be run again. */
export async function migrateMysql(mysql: Mysql): Promise<number[]> {
  return await mysql.use(async (session) => {
    await session.query(tableSql);
    await lock(session);
    try {
      return await apply(session);
    } finally {
      // The lock outlives this call with the connection, and goes with it if it broke.
      await session.query(`SELECT RELEASE_LOCK(${lockName})`).catch(() => undefined);
    }
  });
}

/** Throws `SchemaError` unless the tables are the ones this program was written for. */
export async function checkSchema(mysql: Mysql): Promise<void> {
  const applied = await mysql.use(async (session) => {
    const tables = await session.query<unknown[]>("SHOW TABLES LIKE 'doorbuster_migrations'");
    return tables.length === 0 ? [] : await appliedTo(session);
  });
  verify(applied);
  if (applied.length < migrations.length) {
    throw new SchemaError("the tables are not up to date: run `doorbuster migrate`");
  }
}

async function apply(session: Session): Promise<number[]> {
  const applied = await appliedTo(session);
  verify(applied);
  const done: number[] = [];
  for (const [at, text] of migrations.entries()) {
    const version = at + 1;
    if (version <= applied.length) continue;
    await session.query(text, [], ddlTimeoutMs);
    await session.query("INSERT INTO doorbuster_migrations (version, checksum) VALUES (?, ?)", [
      version,
      checksumOf(text),
    ]);
    done.push(version);
  }
  return done;
}

/** The other runner may be at a long migration, so this waits for as long as it takes. */
async function lock(session: Session): Promise<void> {
  for (;;) {
    const sql = `SELECT GET_LOCK(${lockName}, ${lockSeconds}) AS got`;
    const [row] = await session.query<{ got: number | null }[]>(sql);
    if (row?.got === 1) return;
  }
}

function appliedTo(session: Session): Promise<Applied[]> {
  return session.query("SELECT version, checksum FROM doorbuster_migrations ORDER BY version");
}

function verify(applied: readonly Applied[]): void {
  for (const { version, checksum } of applied) {
    const text = migrations[version - 1];
    if (text === undefined) {
      throw new SchemaError(
        `the tables are of a newer doorbuster (schema ${version}): run that one`,
      );
    }
    if (checksumOf(text) !== checksum) {
      throw new SchemaError(`migration ${version} was changed after it had been applied`);
    }
  }
}

function checksumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

const tableSql = `
CREATE TABLE IF NOT EXISTS doorbuster_migrations (
  version INT NOT NULL PRIMARY KEY,
  checksum CHAR(64) CHARACTER SET ascii NOT NULL,
  applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB`;
