/** One connection, as long as somebody works on it: every statement is answered in time, or the
 * connection is given up. */
import type { PoolConnection as CallbackConnection, QueryOptions } from "mysql2";
import type { PoolConnection } from "mysql2/promise";
import { isUnavailable } from "./faults.ts";
import { mysqlLimits } from "./limits.ts";

/** What runs statements: a connection that is ours for a while. */
export interface Session {
  /** One statement's rows, or those of several statements in turn: a list of lists. Statements
   * after one that failed are not run. */
  query<Rows>(sql: string, values?: readonly unknown[], timeoutMs?: number): Promise<Rows>;
}

/** Runs work on a connection, ends what it left open, and gives the connection back or up. */
export type Worker = <T>(
  connection: PoolConnection,
  run: (session: Session) => Promise<T>,
) => Promise<T>;

export function connectionWorker(): Worker {
  const prepared = new WeakSet<object>();

  async function work<T>(
    connection: PoolConnection,
    run: (session: Session) => Promise<T>,
  ): Promise<T> {
    const session = sessionOn(connection);
    try {
      await prepare(connection, session);
      const result = await run(session);
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

  return work;
}

/** Strict, so that nothing is cut to fit; each statement sees what is committed; UTC, since a local
 * time may come twice. MariaDB ends transactions that idle; MySQL ends connections. */
const sessionSql = `
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00',
  innodb_lock_wait_timeout = ${mysqlLimits.lockWaitSeconds}
  /*M! , idle_transaction_timeout = ${mysqlLimits.idleTransactionSeconds} */
  /*!80000 , wait_timeout = 30 */`;

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
      return (await answer(connection, { sql, timeout, values: [...values] })) as Rows;
    } catch (reason) {
      if (isUnavailable(reason)) broken = reason;
      throw reason;
    }
  }

  return { query };
}

/** Asked of the connection beneath, since its promises cost a stack trace for each query. */
function answer({ connection }: PoolConnection, options: QueryOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = connection as unknown as CallbackConnection;
    asked.query(options, (reason, rows) => (reason === null ? resolve(rows) : reject(reason)));
  });
}
