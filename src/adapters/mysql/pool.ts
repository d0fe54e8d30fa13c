/** Connections to MySQL or MariaDB. A server that is away or hangs fails a call within seconds; the
 * pool heals by itself when it is back. */
import { createPool, type PoolConnection, type QueryError } from "mysql2/promise";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";

export interface MysqlOptions {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  /** Most connections. */
  readonly connections: number;
}

/** What runs statements: a connection that is ours for a while. */
export interface Session {
  /** One statement's rows, or several statements' in turn. */
  query<Rows>(sql: string, values?: readonly unknown[]): Promise<Rows>;
}

export interface Mysql {
  /** Runs `work` on a connection, which is given up if it breaks. Throws `ServiceUnavailable` if
   * the server cannot be reached or does not answer. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Runs `work` in a transaction: committed if it resolves, rolled back if it throws; run again,
   * a few times, if the server chose it as the victim of a deadlock. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Why the server cannot be used, as of the last call, or null. */
  failure(): string | null;
  close(): Promise<void>;
}

const connectTimeoutMs = 2_000;
const queryTimeoutMs = 3_000;
const attemptsMax = 6;

export function openMysql({ url, connections }: MysqlOptions): Mysql {
  const pool = createPool({
    uri: url,
    connectionLimit: connections,
    connectTimeout: connectTimeoutMs,
    multipleStatements: true,
    charset: "utf8mb4_bin",
  });
  pool.pool.on("connection", (connection) => {
    // Commands of one connection run in turn, so this comes before whatever it was opened for.
    connection.query(sessionSql, () => undefined);
  });
  let failing: string | null = "MySQL: not connected yet";

  async function use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    let connection: PoolConnection | null = null;
    try {
      connection = await pool.getConnection();
      const result = await work(sessionOn(connection));
      connection.release();
      failing = null;
      return result;
    } catch (reason) {
      // Its transaction, if one is open, ends with the connection.
      connection?.destroy();
      if (!isConnectionFault(reason)) throw reason;
      failing = `MySQL: ${reason.message}`;
      throw new ServiceUnavailable(failing, { cause: reason });
    }
  }

  async function transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await use(async (session) => {
          await session.query("START TRANSACTION");
          const result = await work(session);
          await session.query("COMMIT");
          return result;
        });
      } catch (reason) {
        if (!isConflict(reason) || attempt === attemptsMax) throw reason;
      }
    }
  }

  return { use, transaction, failure: () => failing, close: () => pool.end() };
}

/** Strict, so that nothing is cut to fit; each statement sees what is committed. */
const sessionSql =
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'; " +
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

function sessionOn(connection: PoolConnection): Session {
  return {
    query: async <Rows>(sql: string, values: readonly unknown[] = []) => {
      const [rows] = await connection.query({ sql, timeout: queryTimeoutMs, values: [...values] });
      return rows as Rows;
    },
  };
}

function isConnectionFault(reason: unknown): reason is QueryError {
  if (!(reason instanceof Error) || !("code" in reason)) return false;
  const { fatal, sqlState, code } = reason as QueryError;
  if (isConflict(reason)) return false;
  return fatal === true || sqlState === undefined || unavailableCodes.has(code);
}

const unavailableCodes = new Set([
  "ER_CON_COUNT_ERROR",
  "ER_SERVER_SHUTDOWN",
  "ER_QUERY_INTERRUPTED",
  "ER_CONNECTION_KILLED",
  "ER_OPTION_PREVENTS_STATEMENT",
  "ER_DISK_FULL",
  "ER_RECORD_FILE_FULL",
]);

/** Deadlock, lock wait timeout, a row that another transaction added first. */
const conflicts = new Set([
  "ER_LOCK_DEADLOCK",
  "ER_LOCK_WAIT_TIMEOUT",
  "ER_DUP_ENTRY",
  "ER_CHECKREAD",
]);

function isConflict(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && conflicts.has(String(reason.code));
}
