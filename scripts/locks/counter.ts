// What the lock protects: a number in a SQLite file that several processes read, and later write
// back one higher. Reading and writing are apart on purpose, so that who writes without the lock
// loses somebody's update, unless the number remembers the highest token and refuses a lower one.
// A read shows the token, too: otherwise a former holder could still write between his successor's
// first read and first write, unseen by either.

import { Database } from "bun:sqlite";

export interface Counter {
  /** Null if a holder with a higher token has been here. */
  read(token: number): number | null;
  /** False if a holder with a higher token has been here. */
  write(value: number, token: number): boolean;
  /** For who only looks. */
  value(): number;
  close(): void;
}

export function openCounter(path: string, fenced: boolean): Counter {
  const sql = new Database(path);
  sql.run("PRAGMA journal_mode = WAL");
  sql.run("PRAGMA busy_timeout = 5000");
  sql.run("CREATE TABLE IF NOT EXISTS counter (only_row INTEGER PRIMARY KEY, n INT, fence INT)");
  sql.run("INSERT OR IGNORE INTO counter VALUES (1, 0, 0)");
  const guard = fenced ? "WHERE fence <= ?1" : "WHERE ?1 > 0";
  const look = sql.prepare<{ n: number }, []>("SELECT n FROM counter");
  const read = sql.prepare<{ n: number }, [number]>(
    `UPDATE counter SET fence = max(fence, ?1) ${guard} RETURNING n`,
  );
  const write = sql.prepare<unknown, [number, number]>(
    `UPDATE counter SET n = ?2, fence = max(fence, ?1) ${guard}`,
  );
  return {
    read: (token) => read.get(token)?.n ?? null,
    write: (value, token) => write.run(token, value).changes === 1,
    value: () => look.get()?.n ?? 0,
    close: () => sql.close(),
  };
}
