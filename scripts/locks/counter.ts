// What the lock protects: a number in a SQLite file that several processes read, and later write
// back one higher. Reading and writing are apart on purpose, so that who writes without the lock
// loses somebody's update, unless the number remembers the highest token and refuses a lower one.

import { Database } from "bun:sqlite";

export interface Counter {
  read(): number;
  /** False if a holder with a higher token has been here. */
  write(value: number, token: number): boolean;
  close(): void;
}

export function openCounter(path: string, fenced: boolean): Counter {
  const sql = new Database(path);
  sql.run("PRAGMA journal_mode = WAL");
  sql.run("PRAGMA busy_timeout = 5000");
  sql.run("CREATE TABLE IF NOT EXISTS counter (only_row INTEGER PRIMARY KEY, n INT, fence INT)");
  sql.run("INSERT OR IGNORE INTO counter VALUES (1, 0, 0)");
  const guard = fenced ? "WHERE fence <= ?2" : "WHERE ?2 > 0";
  const read = sql.prepare<{ n: number }, []>("SELECT n FROM counter");
  const write = sql.prepare<unknown, [number, number]>(
    `UPDATE counter SET n = ?1, fence = max(fence, ?2) ${guard}`,
  );
  return {
    read: () => read.get()?.n ?? 0,
    write: (value, token) => write.run(value, token).changes === 1,
    close: () => sql.close(),
  };
}
