/** Looks whether MySQL is set up so that a committed order is a stored one. */
import { type Finding, failing, fine, warning } from "../../lib/finding.ts";
import { clockFinding, unreachable } from "../shared/service-findings.ts";
import { checkSchema } from "./migrate.ts";
import type { Mysql } from "./pool.ts";

interface Settings {
  readonly version: string;
  readonly flush: number;
  readonly now: string;
}

const settingsSql = `
SELECT VERSION() AS version, @@innodb_flush_log_at_trx_commit AS flush,
  UNIX_TIMESTAMP(NOW(6)) * 1000 AS now`;

export async function mysqlFindings(mysql: Mysql): Promise<Finding[]> {
  try {
    const asked = Date.now();
    const [settings] = await mysql.use((session) => session.query<Settings[]>(settingsSql));
    if (settings === undefined) throw new Error("it said nothing about itself");
    return [
      version(settings.version),
      await schema(mysql),
      durability(settings.flush),
      clockFinding("mysql clock", asked, Number(settings.now)),
    ];
  } catch (reason) {
    return [unreachable("mysql", reason, "Start it, or mend mysql.url or mysql.tls.")];
  }
}

function version(text: string): Finding {
  const [major = 0, minor = 0] = text.split(".").map(Number);
  const maria = text.includes("MariaDB");
  const recent = maria ? major > 10 || (major === 10 && minor >= 6) : major >= 8;
  if (recent) return fine("mysql version", text);
  return failing("mysql version", text, "Use MySQL 8, or MariaDB 10.6 or newer.");
}

async function schema(mysql: Mysql): Promise<Finding> {
  try {
    await checkSchema(mysql);
    return fine("mysql tables", "up to date");
  } catch (reason) {
    return unreachable("mysql tables", reason, "Run `doorbuster migrate`.");
  }
}

function durability(flush: number): Finding {
  const detail = `innodb_flush_log_at_trx_commit ${flush}`;
  if (flush === 1) return fine("mysql durability", detail);
  return warning("mysql durability", detail, "Set it 1, or a crash of its machine forgets orders.");
}
