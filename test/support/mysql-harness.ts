/** A database of its own on the real server, with our tables in it. */
import { migrateMysql } from "../../src/adapters/mysql/migrate.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { mysqlUrl } from "./services.ts";

export type MysqlHarness = Awaited<ReturnType<typeof mysqlHarness>>;

export async function mysqlHarness({ migrated = true, server = mysqlUrl } = {}) {
  const name = `doorbuster_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const url = new URL(server);
  const admin = openMysql({ url: url.href, connections: 2 });
  await admin.use((session) => session.query(`CREATE DATABASE ${name}`));
  url.pathname = `/${name}`;
  const mysql = openMysql({ url: url.href, connections: 8 });
  if (migrated) await migrateMysql(mysql);

  async function close(): Promise<void> {
    await mysql.close();
    await admin.use((session) => session.query(`DROP DATABASE ${name}`));
    await admin.close();
  }

  /** Breaks every connection to the database; how many. */
  async function killConnections(): Promise<number> {
    return await admin.use(async (session) => {
      const sql = "SELECT id FROM information_schema.processlist WHERE db = ?";
      const found = await session.query<{ id: number }[]>(sql, [name]);
      const kills = found.map(({ id }) => session.query(`KILL ${id}`).catch(() => undefined));
      await Promise.all(kills);
      return found.length;
    });
  }

  return { mysql, url: url.href, close, killConnections };
}
