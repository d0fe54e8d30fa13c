/** Migrations on a real server: once each, by whoever comes first, and never over tables that were
 * made by something else. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { checkSchema, migrateMysql } from "../../src/adapters/mysql/migrate.ts";
import { openMysql } from "../../src/adapters/mysql/pool.ts";
import { type MysqlHarness, mysqlHarness } from "../support/mysql-harness.ts";

const folder = new URL("../../src/adapters/mysql/migrations", import.meta.url).pathname;
const versions = [...new Bun.Glob("*.sql").scanSync(folder)].map((_, at) => at + 1);

describe("migrating MySQL", () => {
  let harness: MysqlHarness;

  beforeEach(async () => {
    harness = await mysqlHarness({ migrated: false });
  });
  afterEach(() => harness.close());

  const run = (sql: string) => harness.mysql.use((session) => session.query(sql));

  test("applies each version once, though several processes start at a time", async () => {
    const runners = [1, 2, 3].map(() => openMysql({ url: harness.url, connections: 1 }));
    const applied = await Promise.all(runners.map(migrateMysql));
    expect(applied.flat().sort()).toEqual(versions);
    expect(await migrateMysql(harness.mysql)).toEqual([]);
    await checkSchema(harness.mysql);
    for (const runner of runners) await runner.close();
  });

  test("refuses to work on tables that are missing", async () => {
    await expect(checkSchema(harness.mysql)).rejects.toThrow("run `doorbuster migrate`");
  });

  test("refuses tables of a newer version", async () => {
    await migrateMysql(harness.mysql);
    await run("INSERT INTO doorbuster_migrations (version, checksum) VALUES (99, 'x')");
    await expect(migrateMysql(harness.mysql)).rejects.toThrow("newer");
    await expect(checkSchema(harness.mysql)).rejects.toThrow("newer");
  });

  test("refuses a migration that was changed, and lets others try", async () => {
    await migrateMysql(harness.mysql);
    await run("UPDATE doorbuster_migrations SET checksum = 'x'");
    await expect(migrateMysql(harness.mysql)).rejects.toThrow("was changed");
    const other = openMysql({ url: harness.url, connections: 1 });
    await expect(migrateMysql(other)).rejects.toThrow("was changed");
    await other.close();
  });

  test("finishes a migration that was cut off", async () => {
    await migrateMysql(harness.mysql);
    await run("DROP TABLE orders");
    await run("DELETE FROM doorbuster_migrations");
    expect(await migrateMysql(harness.mysql)).toEqual(versions);
    await run("SELECT id FROM orders");
  });
});
