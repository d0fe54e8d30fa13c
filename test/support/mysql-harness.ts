/** A database of its own on the real server, with our tables in it. */
import { migrateMysql } from "../../src/adapters/mysql/migrate.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { mysqlUrl } from "./services.ts";

export async function mysqlHarness({ migrated = true } = {}) {
  const name = `doorbuster_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const url = new URL(mysqlUrl);
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

  return { mysql, url: url.href, close };
}
