/** Whether SQLite can do in this directory what the embedded stores ask of it: a write-ahead log,
 *  synced at each commit. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { type Finding, failing, fine, messageOf } from "../../lib/finding.ts";

const full = 2;

export function checkSqlite(directory: string): Finding {
  try {
    const database = new Database(join(directory, "probe.sqlite"), { create: true });
    try {
      return verdict(probe(database));
    } finally {
      database.close();
    }
  } catch (reason) {
    return failing("SQLite", `it does not work here: ${messageOf(reason)}`, help);
  }
}

interface Probe {
  readonly version: unknown;
  readonly journalMode: unknown;
  readonly synchronous: unknown;
}

function verdict({ version, journalMode, synchronous }: Probe): Finding {
  const sync = synchronous === full ? "FULL" : String(synchronous);
  const detail = `${String(version)}, journal ${String(journalMode)}, synchronous ${sync}`;
  const safe = journalMode === "wal" && synchronous === full;
  return safe ? fine("SQLite", detail) : failing("SQLite", detail, help);
}

function probe(database: Database): Probe {
  const journalMode = single(database, "PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("CREATE TABLE probe (n INTEGER)");
  database.run("INSERT INTO probe VALUES (1)");
  const synchronous = single(database, "PRAGMA synchronous");
  return { version: single(database, "SELECT sqlite_version()"), journalMode, synchronous };
}

function single(database: Database, sql: string): unknown {
  return database.query(sql).values()[0]?.[0];
}

const help = "Put the data directory on a local file system (WAL does not work on network shares).";
