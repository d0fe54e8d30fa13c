/** Connections to MySQL or MariaDB. A server that is away or hangs fails a call within seconds; the
 * pool heals by itself when it is back. */
import { createPool, type PoolConnection } from "mysql2/promise";
import { type Tls, tlsOptions } from "../../lib/tls.ts";
import { ServiceUnavailable } from "../../ports/service-unavailable.ts";
import { isConflict, isLost, isUnavailable } from "./faults.ts";
import { mysqlLimits } from "./limits.ts";
import { connectionWorker, type Session } from "./session.ts";

export interface MysqlOptions {
  /** mysql://user:password@host:port/database */
  readonly url: string;
  /** Most connections. */
  readonly connections: number;
  /** Not encrypted without. */
  readonly tls?: Tls;
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

export function openMysql({ url, connections, tls }: MysqlOptions): Mysql {
  const pool = createPool({
    uri: url,
    ...(tls?.enabled && { ssl: { ...tlsOptions(tls), verifyIdentity: true } }),
    connectionLimit: connections,
    queueLimit: mysqlLimits.waitingMax,
    connectTimeout: mysqlLimits.connectTimeoutMs,
    multipleStatements: true,
    charset: "utf8mb4_bin",
  });
  // Without a listener, the second error of a connection would be an uncaught exception.
  pool.pool.on("connection", (connection) => connection.on("error", () => undefined));
  const workOn = connectionWorker();
  let failing: string | null = "MySQL: not connected yet";

  async function use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      const connection = await inTime(pool.getConnection());
      const result = await workOn(connection, work);
      failing = null;
      return result;
    } catch (reason) {
      if (!isUnavailable(reason) && !(reason instanceof ServiceUnavailable)) throw reason;
      failing = `MySQL: ${reason.message}`;
      throw new ServiceUnavailable(failing, { cause: reason });
    }
  }

  return {
    use,
    transaction: (work, options = { repeatable: false }) => transaction(use, work, options),
    failure: () => failing,
    close: () => pool.end(),
  };
}

async function transaction<T>(
  use: Mysql["use"],
  work: (session: Session) => Promise<T>,
  { repeatable }: TransactionOptions,
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
