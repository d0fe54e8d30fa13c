/** Connections to MySQL or MariaDB. A server that is away or hangs fails a call within seconds; the
 * pool heals by itself when it is back. */
import { createPool, type PoolConnection } from "mysql2/promise";
import { assert } from "../../lib/assert.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { isConflict, isLost, isUnavailable } from "./faults.ts";

export interface MysqlOptions {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  /** Most connections. */
  readonly connections: number;
}

/** What runs statements: a connection that is ours for a while. */
export interface Session {
  /** One statement's rows, or those of several statements in turn: a list of lists. Statements
   * after one that failed are not run. */
  query<Rows>(sql: string, values?: readonly unknown[], timeoutMs?: number): Promise<Rows>;
}

export interface TransactionOptions {
  /** Whether a transaction whose commit got no answer may simply be run again. */
  readonly repeatable: boolean;
}

export interface Mysql {
  /** Runs `work` on a connection, which is given up if it breaks. Throws `ServiceUnavailable` if
   * the server cannot be reached or does not answer. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Runs `work` in a transaction: committed if it resolves, rolled back if it throws. Run again, a
   * few times, if it lost against another transaction, and once if its connection broke. After a
   * throw of `ServiceUnavailable` it may have been committed. */
  transaction<T>(work: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Why the server cannot be used, as of the last call, or null. */
  failure(): string | null;
  close(): Promise<void>;
}

export const mysqlLimits = {
  connectTimeoutMs: 1_500,
  /** For a connection to be free, or made. */
  acquireTimeoutMs: 2_000,
  queryTimeoutMs: 3_000,
  /** Calls that may wait for a connection. */
  waitingMax: 10_000,
  /** Shorter than a query may take, so that a call hears of a conflict, not of a dead server … */
  lockWaitSeconds: 2,
  /** … and a process that freezes with a lock in its hand does not keep it for ever: the server
   * ends its transaction before the others have given up. */
  idleTransactionSeconds: 5,
  attemptsMax: 6,
} as const;

assert(
  mysqlLimits.lockWaitSeconds * 1_000 < mysqlLimits.queryTimeoutMs,
  "a lock's wait must end before the query's",
);
assert(
  mysqlLimits.attemptsMax * mysqlLimits.lockWaitSeconds > mysqlLimits.idleTransactionSeconds,
  "waiting for a lock must outlast whoever froze with it",
);

export function openMysql({ url, connections }: MysqlOptions): Mysql {
  const pool = createPool({
    uri: url,
    connectionLimit: connections,
    queueLimit: mysqlLimits.waitingMax,
    connectTimeout: mysqlLimits.connectTimeoutMs,
    multipleStatements: true,
    charset: "utf8mb4_bin",
  });
  // Without a listener, the second error of a connection would be an uncaught exception.
  pool.pool.on("connection", (connection) => connection.on("error", () => undefined));
  const prepared = new WeakSet<object>();
  let failing: string | null = "MySQL: not connected yet";

  async function use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      const connection = await inTime(pool.getConnection());
      const result = await borrowed(connection, work);
      failing = null;
      return result;
    } catch (reason) {
      if (!isUnavailable(reason) && !(reason instanceof ServiceUnavailable)) throw reason;
      failing = `MySQL: ${reason.message}`;
      throw new ServiceUnavailable(failing, { cause: reason });
    }
  }

  async function borrowed<T>(
    connection: PoolConnection,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const session = sessionOn(connection);
    try {
      await prepare(connection, session);
      const result = await work(session);
      connection.release();
      return result;
    } catch (reason) {
      await endWork(connection, session);
      throw reason;
    }
  }

  /** Our first statements on a connection; here, not when it is made, so that they have a timeout
   * and their failure a caller. */
  async function prepare({ connection }: PoolConnection, session: Session): Promise<void> {
    if (prepared.has(connection)) return;
    await session.query(sessionSql);
    prepared.add(connection);
  }

  async function transaction<T>(
    work: (session: Session) => Promise<T>,
    { repeatable } = { repeatable: false },
  ): Promise<T> {
    let losses = 0;
    for (let attempt = 1; ; attempt += 1) {
      let committing = false;
      try {
        return await use(async (session) => {
          await session.query("START TRANSACTION");
          const result = await work(session);
          committing = true;
          await session.query("COMMIT");
          return result;
        });
      } catch (reason) {
        const broken = reason instanceof ServiceUnavailable && isLost(reason.cause);
        if (broken) losses += 1;
        const again = isConflict(reason) || (broken && losses < 2 && (repeatable || !committing));
        if (!again || attempt === mysqlLimits.attemptsMax) throw reason;
      }
    }
  }

  return { use, transaction, failure: () => failing, close: () => pool.end() };
}

/** Strict, so that nothing is cut to fit; each statement sees what is committed; UTC, since a local
 * time may come twice. MariaDB ends transactions that idle; MySQL ends connections. */
const sessionSql = `
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00',
  innodb_lock_wait_timeout = ${mysqlLimits.lockWaitSeconds}
  /*M! , idle_transaction_timeout = ${mysqlLimits.idleTransactionSeconds} */
  /*!80000 , wait_timeout = 30 */`;

/** The connection, unless it takes too long: then it goes back to the pool when it comes. */
function inTime(coming: Promise<PoolConnection>): Promise<PoolConnection> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new ServiceUnavailable("no connection in time"));
    }, mysqlLimits.acquireTimeoutMs);
    coming
      .then((connection) => (late ? connection.release() : resolve(connection)), reject)
      .finally(() => clearTimeout(timer));
  });
}

/** Ends what may be open on a connection whose work failed. */
async function endWork(connection: PoolConnection, session: Session): Promise<void> {
  try {
    await session.query("ROLLBACK");
    connection.release();
  } catch {
    // Its transaction, if one is open, ends with the connection.
    connection.destroy();
  }
}

function sessionOn(connection: PoolConnection): Session {
  let broken: Error | null = null;

  async function query<Rows>(
    sql: string,
    values: readonly unknown[] = [],
    timeout: number = mysqlLimits.queryTimeoutMs,
  ): Promise<Rows> {
    // It would wait behind the one that got no answer, and without a timeout.
    if (broken !== null) throw broken;
    try {
      const [rows] = await connection.query({ sql, timeout, values: [...values] });
      return rows as Rows;
    } catch (reason) {
      if (isUnavailable(reason)) broken = reason;
      throw reason;
    }
  }

  return { query };
}
